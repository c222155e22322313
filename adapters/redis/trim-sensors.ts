// What keeps the sensors of a live store few: old hours keep their busiest.
import { PackedNumbersError } from '../../core/packed-numbers.ts'
import {
  cellsToDrop,
  type HourBySensor,
  trimmedUpToSeconds,
  withoutDropped
} from '../../core/store/busiest-sensors.ts'
import type { CellTable } from '../../core/windows/cell-table.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import type { RedisConnection } from './connection.ts'
import { readSensorHour, type SensorHour } from './read-counts.ts'
import { runScript } from './scripts.ts'
import { parseSensorHourMember, sensorHourMember, type SlotKeys } from './slot-keys.ts'
import { deflatedFrame, identityOf, mergeStored, newLogId } from './stored-log.ts'

/** The one member of the mark: a sorted set, whose scores ZADD raises and never lowers in one step. */
const TRIMMED = 'sensor-hours'

/** What markTrimmed has written at most; null where nothing. */
export async function trimmedUpTo(
  redis: RedisConnection,
  slots: readonly SlotKeys[]
): Promise<number | null> {
  const mark = await redis.zscore(slots[0]!.trimmedHours, TRIMMED)
  return mark === null ? null : Number(mark)
}

/** Trims every hour that is due; `onUnreadable` is told of one that cannot be read, and the rest is trimmed. */
export async function trimSensorHours(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  watermarkSeconds: number,
  onUnreadable: (hour: string, error: unknown) => void
): Promise<void> {
  const upTo = trimmedUpToSeconds(watermarkSeconds)
  // Before the first cell is dropped, so that no reader takes a part for the whole.
  await redis.zadd(slots[0]!.trimmedHours, 'GT', upTo, TRIMMED)
  const lists = await Promise.all(slots.map((keys) => redis.zrangebyscore(keys.untrimmedHours, '-inf', upTo)))
  const hours = new Map<number, { readonly keys: SlotKeys; readonly sensor: string }[]>()
  for (const [slot, members] of lists.entries()) {
    for (const member of members) {
      const { startSeconds, sensor } = parseSensorHourMember(member)
      const due = hours.get(startSeconds) ?? []
      hours.set(startSeconds, due)
      due.push({ keys: slots[slot]!, sensor })
    }
  }
  for (const [startSeconds, due] of hours) {
    try {
      await trimHour(redis, slots, startSeconds, due)
    } catch (error) {
      if (!(error instanceof PackedNumbersError)) throw error
      onUnreadable(`sensors of hour ${startSeconds}`, error)
    }
  }
}

/** Drops what is not among the busiest of an hour, over all slots; `due` are the sensors that changed. */
async function trimHour(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  startSeconds: number,
  due: readonly { readonly keys: SlotKeys; readonly sensor: string }[]
): Promise<void> {
  const read = await Promise.all(slots.map((keys) => readSensorHour(redis, keys, startSeconds)))
  const hour: HourBySensor = new Map(
    read.flatMap((sensors) => [...sensors].map(([sensor, { table }]) => [sensor, table.series()] as const))
  )
  const drops = cellsToDrop(hour)
  for (const [slot, sensors] of read.entries()) {
    const keys = slots[slot]!
    for (const [sensor, sensorHour] of sensors) {
      const isDue = due.some((each) => each.keys === keys && each.sensor === sensor)
      const dropped = drops.get(sensor)
      if (!isDue && dropped === undefined) continue
      await trimSensor(redis, keys, sensorHourMember(startSeconds, sensor), sensorHour, dropped)
    }
  }
  for (const { keys, sensor } of due) {
    const slot = slots.indexOf(keys)
    // Forgotten meanwhile: nothing is there to be trimmed.
    if (!read[slot]!.get(sensor)?.stored) {
      const member = sensorHourMember(startSeconds, sensor)
      await runScript(
        redis,
        'replace-log',
        [keys.sensorHour(member), keys.untrimmedHours],
        [0, '', '', member]
      )
    }
  }
}

/** Does nothing where the log has changed since it was read: the hour is still listed then. */
async function trimSensor(
  redis: RedisConnection,
  keys: SlotKeys,
  member: string,
  { stored }: SensorHour,
  dropped: CellTable | undefined
): Promise<void> {
  if (stored === null) return
  const table = new CountTable()
  mergeStored(stored, table)
  const kept = dropped === undefined ? table : withoutDropped(table.series(), dropped)
  const log = kept === null ? '' : Buffer.concat([newLogId(), deflatedFrame(kept.toLog())])
  const { sizeBytes, id } = identityOf(stored)
  await runScript(
    redis,
    'replace-log',
    [keys.sensorHour(member), keys.untrimmedHours],
    [sizeBytes, id, log, member]
  )
}
