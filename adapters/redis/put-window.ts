// A window that was counted elsewhere, put where this store has nothing for it.
import { countTableOf, type ExportedWindow, sourceNumbersOf } from '../../core/counts/exported-window.ts'
import type { PutOutcome, VantageWindow } from '../../core/store/count-store.ts'
import { keepUntilSeconds, type Retention } from '../../core/store/retention.ts'
import { slotOf } from '../../core/store/slot.ts'
import { leastActiveWatermark } from '../../core/store/watermark.ts'
import type { RedisConnection } from './connection.ts'
import { readStarts } from './read-counts.ts'
import { runScript } from './scripts.ts'
import { seriesMember, type SlotKeys, vantageMember, windowMember } from './slot-keys.ts'
import { deflated, deflatedFrame, newLogId } from './stored-log.ts'

/** So long is believed what was read: whoever imports puts thousands of windows, and nobody else any. */
const BELIEVED_MS = 10_000

/** Which windows are there already, and how far the store has counted, read once for many. */
export class PutStarts {
  readonly #redis: RedisConnection
  readonly #slots: readonly SlotKeys[]
  readonly #known = new Map<string, { readonly readMs: number; readonly starts: Set<number> }>()
  #watermark: { readonly readMs: number; readonly seconds: number } | null = null

  constructor(redis: RedisConnection, slots: readonly SlotKeys[]) {
    this.#redis = redis
    this.#slots = slots
  }

  /** Starts of the windows of that size, zone and vantage. Whatever was put is to be added. */
  async of(window: VantageWindow): Promise<Set<number>> {
    const name = JSON.stringify([window.size, window.zone, window.vantage])
    const known = this.#known.get(name)
    if (known !== undefined && performance.now() - known.readMs < BELIEVED_MS) return known.starts
    const read = await Promise.all(
      this.#slots.map((keys) => readStarts(this.#redis, keys, window, window.vantage))
    )
    const starts = new Set(read.flat())
    this.#known.set(name, { readMs: performance.now(), starts })
    return starts
  }

  /** That of the store. It grows, so that one of before refuses too much; a sensor that comes behind it is seen as late as above. */
  async watermarkSeconds(): Promise<number> {
    const known = this.#watermark
    if (known !== null && performance.now() - known.readMs < BELIEVED_MS) return known.seconds
    const seconds = await readWatermark(this.#redis, this.#slots)
    // Where nobody counts yet, one may begin at any time.
    this.#watermark = seconds === 0 ? null : { readMs: performance.now(), seconds }
    return seconds
  }
}

/** As CountStore has it. */
export async function readWatermark(redis: RedisConnection, slots: readonly SlotKeys[]): Promise<number> {
  const watermarks = await Promise.all(slots.map((keys) => redis.hvals(keys.watermarks)))
  return leastActiveWatermark(watermarks.flat().map(Number))
}

/** Packets and the numbers of sources lie in one slot, that of the numbers, and come in one step. */
export async function putWindow(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  putStarts: PutStarts,
  retention: Retention,
  { window, counts }: ExportedWindow
): Promise<PutOutcome> {
  const { vantage, startSeconds } = window
  const there = await putStarts.of(window)
  if (there.has(startSeconds)) return 'there'
  const name = vantageMember(window)
  const keys = slots[slotOf(name, slots.length)]!
  const series = seriesMember(window, [vantage])
  const isPut = await runScript(
    redis,
    'put-window',
    [
      keys.counts(windowMember(window, [vantage])),
      keys.sourceNumbers(name),
      keys.starts(series),
      keys.series
    ],
    [
      Buffer.concat([newLogId(), deflatedFrame(countTableOf(counts).toLog())]),
      deflated(sourceNumbersOf(counts)),
      keepUntilSeconds(window, retention),
      startSeconds,
      series
    ]
  )
  // Not before it is: a put that failed may be tried again.
  there.add(startSeconds)
  return isPut === 1 ? 'kept' : 'there'
}
