// Questions about times that the store has forgotten: a part of an answer looks like the whole, so they are refused.
import type { CountStore } from '../store/count-store.ts'
import { endSeconds, keptSeconds, type Retention } from '../store/retention.ts'
import type { WindowSize } from '../windows/window.ts'
import { notKept } from './not-kept.ts'
import { type CountQuery, rollingEndSeconds } from './query.ts'

/**
 * Throws SP_QUESTION_NOT_KEPT where a bound or a rolling span reaches further back than windows of `size`, which are to
 * answer it, are kept. The newest window says what time it is: a store has no clock for its readers, and what ended with
 * the packets is as old as they are.
 */
export async function refuseForgottenTimes(
  query: CountQuery,
  store: CountStore,
  size: WindowSize
): Promise<void> {
  const { retention } = store
  if (retention === null) return
  const newest = await newestWindow(store)
  if (newest === null) return
  const oldest = endSeconds(newest) - keptSeconds(size, retention)
  const refuseOlder = (what: string, seconds: number): void => {
    if (seconds < oldest) throw notKept(`${what}, which ${size}s answer (kept are ${keptText(retention)})`)
  }
  if (query.window.kind === 'rolling') {
    if (newest.size !== 'minute' && query.toSeconds === null) {
      throw notKept(`the last minutes before the store fell silent (kept are ${keptText(retention)})`)
    }
    const end = rollingEndSeconds(query, newest.startSeconds)
    const from = query.fromSeconds ?? Number.NEGATIVE_INFINITY
    for (const { label, seconds } of query.window.spans) {
      refuseOlder(`the last ${label}`, Math.max(end - seconds, Math.min(from, end)))
    }
    return
  }
  if (query.fromSeconds !== null) refuseOlder('--from so long ago', query.fromSeconds)
  if (query.toSeconds !== null) refuseOlder('--to so long ago', query.toSeconds)
}

/** The newest window of the smallest size that there is; null in an empty store. */
async function newestWindow(store: CountStore): Promise<{ size: WindowSize; startSeconds: number } | null> {
  for (const size of ['minute', 'hour', 'day'] as const) {
    const startSeconds = (await store.windows(size, 'UTC', 'all')).at(-1)
    if (startSeconds !== undefined) return { size, startSeconds }
  }
  return null
}

function keptText({ minuteHours, hourDays, dayDays }: Retention): string {
  return `minutes for ${minuteHours} hours, hours for ${hourDays} days, days for ${dayDays} days`
}
