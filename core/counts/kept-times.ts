// Questions about times that the store has forgotten: a part of an answer looks like the whole, so they are refused.
import type { CountStore } from '../store/count-store.ts'
import type { Retention } from '../store/retention.ts'
import { forgottenUpToSeconds, zoneSinceSeconds } from '../store/store-settings.ts'
import { formatUtc, formatWindowStart, windowEndSeconds, windowStartSeconds } from '../windows/time-zone.ts'
import type { WindowSize } from '../windows/window.ts'
import { notKept } from './not-kept.ts'
import { type CountQuery, type RollingSpan, rollingEndSeconds } from './query.ts'

/**
 * Throws SP_QUESTION_NOT_KEPT where a bound or a rolling span reaches further back than windows of `size`, which are to
 * answer it, are kept. The store's own clock says so: windows expire by it, however long no packet came.
 */
export async function refuseForgottenTimes(
  query: CountQuery,
  store: CountStore,
  size: WindowSize
): Promise<void> {
  const settings = await store.settings()
  const { retention } = settings
  if (retention === null) return
  const now = await store.nowSeconds()
  const zone = query.window.kind === 'fixed' && size === 'day' ? query.zone : 'UTC'
  const oldest = Math.max(forgottenUpToSeconds(size, settings, now), zoneSinceSeconds(zone, settings))
  const from = formatWindowStart({ size, zone, startSeconds: firstWhole(size, zone, oldest) })
  const kept = `kept are ${keptText(retention)}; ${size}s from ${from} on`
  if (query.window.kind === 'rolling') {
    await refuseForgottenSpans(query, query.window.spans, store, { oldest, now, kept })
    return
  }
  for (const [option, seconds] of [
    ['--from', query.fromSeconds],
    ['--to', query.toSeconds]
  ] as const) {
    if (seconds !== null && seconds < oldest)
      throw notKept(`${option} so long ago, which ${size}s answer (${kept})`)
  }
}

interface KeptMinutes {
  readonly oldest: number
  readonly now: number
  readonly kept: string
}

async function refuseForgottenSpans(
  query: CountQuery,
  spans: readonly RollingSpan[],
  store: CountStore,
  { oldest, now, kept }: KeptMinutes
): Promise<void> {
  const newest = await newestWindow(store)
  if (newest === null && query.toSeconds === null) return
  const isSilent = query.toSeconds === null && newest?.size !== 'minute'
  const end = isSilent ? oldest : rollingEndSeconds(query, newest?.startSeconds ?? 0)
  const from = query.fromSeconds ?? Number.NEGATIVE_INFINITY
  for (const { label, seconds } of spans) {
    if (!isSilent && Math.max(end - seconds, Math.min(from, end)) >= oldest) continue
    const what = isSilent
      ? 'the last minutes before the store fell silent'
      : `the last ${label} before ${formatUtc(end)}, which minutes answer`
    const upToNow =
      now - seconds >= oldest ? `; --to ${formatUtc(Math.ceil(now / 60) * 60)} asks up to now` : ''
    throw notKept(`${what} (${kept}${upToNow})`)
  }
}

/** The start of the first window that begins at an instant or later. */
function firstWhole(size: WindowSize, zone: string, seconds: number): number {
  return windowEndSeconds({ size, zone, startSeconds: windowStartSeconds(size, zone, seconds - 1) })
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
