// A verb's use of the store, live or of a run.
import type { CountStore } from '../core/store/count-store.ts'
import type { CliContext } from './context.ts'

/** Opens the store, and closes it whatever happens. Throws SP_RUN where there is no such run. */
export async function withStore<T>(
  context: CliContext,
  run: string | null,
  access: 'read' | 'write',
  body: (store: CountStore) => Promise<T>
): Promise<T> {
  const [{ createStore }, { withParts }, { requireRun }] = await Promise.all([
    import('../services/connections.ts'),
    import('../services/life.ts'),
    import('../services/replay/runs.ts')
  ])
  const configuration = context.configuration()
  if (run !== null) await requireRun(configuration, run)
  const store = createStore(configuration, run, access)
  return await withParts([store], () => body(store))
}
