// What keeps the sensors of a live store few: old hours keep their busiest.
import type { RedisConnection } from './connection.ts'
import { cellsToDrop, type HourBySensor, trimmedUpToSeconds } from '../../core/store/busiest-sensors.ts'
import { slotOf } from '../../core/store/slot.ts'
import { runScript } from './scripts.ts'
import type { SlotKeys } from './slot-keys.ts'

/** Cells a script call: some milliseconds of Redis. */
const PER_CALL = 500

/** The one member of the mark: a sorted set, whose scores ZADD raises and never lowers in one step. */
const TRIMMED = 'sensor-hours'

/**
 * Writes up to where hours are trimmed; before the first cell is dropped, so that no reader takes a part for the whole.
 */
export async function markTrimmed(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  watermarkSeconds: number
): Promise<void> {
  await redis.zadd(slots[0]!.trimmedHours, 'GT', trimmedUpToSeconds(watermarkSeconds), TRIMMED)
}

/** What markTrimmed has written at most; null where nothing. */
export async function trimmedUpTo(
  redis: RedisConnection,
  slots: readonly SlotKeys[]
): Promise<number | null> {
  const mark = await redis.zscore(slots[0]!.trimmedHours, TRIMMED)
  return mark === null ? null : Number(mark)
}

/** Hours that were changed since they were last trimmed and are due, over all slots. */
export async function untrimmedHours(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  watermarkSeconds: number
): Promise<number[]> {
  const upTo = trimmedUpToSeconds(watermarkSeconds)
  const lists = await Promise.all(slots.map((keys) => redis.zrangebyscore(keys.untrimmedHours, '-inf', upTo)))
  return [...new Set(lists.flat().map(Number))].sort((a, b) => a - b)
}

/** Drops the cells of an hour that are not among the busiest sensors, as read in `hour`. */
export async function trimHour(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  startSeconds: number,
  hour: HourBySensor
): Promise<void> {
  const remaining = slots.map(() => 0)
  const dropped: (string | number)[][] = slots.map(() => [])
  for (const [sensor, packets] of hour) remaining[slotOf(sensor, slots.length)]! += packets.size
  for (const { sensor, series, mostPackets } of cellsToDrop(hour)) {
    const slot = slotOf(sensor, slots.length)
    remaining[slot]!--
    dropped[slot]!.push(`${sensor}|${series}`, mostPackets)
  }
  await Promise.all(
    slots.map(async (keys, slot) => {
      const cells = dropped[slot]!
      let at = 0
      do {
        const isLast = at + 2 * PER_CALL >= cells.length
        await runScript(
          redis,
          'trim-hour',
          [keys.sensorHour(startSeconds), keys.untrimmedHours],
          [startSeconds, isLast ? remaining[slot]! : -1, ...cells.slice(at, at + 2 * PER_CALL)]
        )
        at += 2 * PER_CALL
      } while (at < cells.length)
    })
  )
}
