// A window that was counted elsewhere, put where this store has nothing for it.
import { countTableOf, type ExportedWindow, sourceNumbersOf } from '../../core/counts/exported-window.ts'
import type { PutOutcome } from '../../core/store/count-store.ts'
import { keepUntilSeconds, type Retention } from '../../core/store/retention.ts'
import { slotOf } from '../../core/store/slot.ts'
import type { RedisConnection } from './connection.ts'
import { readStarts } from './read-counts.ts'
import { runScript } from './scripts.ts'
import { seriesMember, type SlotKeys, vantageMember, windowMember } from './slot-keys.ts'
import { deflated, deflatedFrame, newLogId } from './stored-log.ts'

/** Packets and the numbers of sources lie in one slot, that of the numbers, and come in one step. */
export async function putWindow(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  retention: Retention,
  { window, counts }: ExportedWindow
): Promise<PutOutcome> {
  const { vantage, startSeconds } = window
  const there = await Promise.all(slots.map((keys) => readStarts(redis, keys, window, vantage)))
  if (there.some((starts) => starts.includes(startSeconds))) return 'there'
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
  return isPut === 1 ? 'kept' : 'there'
}
