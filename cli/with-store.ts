// A verb's use of the store, live or of a run.
import type { CountStore } from '../core/store/count-store.ts'
import type { CliContext } from './context.ts'

/** Opens the store, and closes it whatever happens. Throws SP_RUN where there is no such run. */
export async function withStore(
  context: CliContext,
  run: string | null,
  access: 'read' | 'write',
  body: (store: CountStore) => Promise<void>
): Promise<void> {
  const [{ createStore }, { requireRun }] = await Promise.all([
    import('../services/connections.ts'),
    import('../services/replay/runs.ts')
  ])
  const configuration = context.configuration()
  if (run !== null) await requireRun(configuration, run)
  const store = createStore(configuration, run, access)
  await store.start()
  try {
    await body(store)
  } finally {
    await store.stop()
  }
}
