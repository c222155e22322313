// Packets of windows and of sensors' hours: what was put there, and what waits to be. Both are read in one command of a slot,
// so that what goes from one to the other meanwhile is in one of the two; the lists are read before, and what begins after
// that is newer than the question.
import type { VantageWindow } from '../../core/store/count-store.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import { windowsOfMinute } from '../../core/windows/parts-of-windows.ts'
import { windowEndSeconds } from '../../core/windows/time-zone.ts'
import type { RedisConnection } from './connection.ts'
import {
  parseMinuteMember,
  parseSeriesMember,
  sensorHourMember,
  seriesMember,
  type SlotKeys,
  type WindowSeries,
  windowMember
} from './slot-keys.ts'
import { mergeStored } from './stored-log.ts'
import { sensorOfTotal } from './replies.ts'

/** Packets of a window in one slot, added to a table. Throws PackedNumbersError where a log cannot be read. */
export async function readCounts(
  redis: RedisConnection,
  keys: SlotKeys,
  window: VantageWindow,
  into: CountTable
): Promise<void> {
  const [minutes, series] = await Promise.all([
    redis.zrangebyscore(keys.minutes, window.startSeconds, windowEndSeconds(window) - 1),
    redis.zrange(keys.series, '0', '-1')
  ])
  const lists = new Map<string, readonly string[]>()
  const note = (vantages: readonly string[]): boolean => {
    const isOf = vantages.includes(window.vantage)
    if (isOf) lists.set(JSON.stringify(vantages), vantages)
    return isOf
  }
  for (const member of series) note(parseSeriesMember(member).vantages)
  const open = minutes.filter((member) => note(parseMinuteMember(member).vantages))
  const wanted = [
    ...[...lists.values()].map((vantages) => keys.counts(windowMember(window, vantages))),
    ...open.map((member) => keys.minute(member))
  ]
  if (wanted.length === 0) return
  for (const log of await redis.mgetBuffer(wanted)) if (log !== null) mergeStored(log, into)
}

/** Starts of the windows of one size and zone that hold packets of a vantage, in no order. */
export async function readStarts(
  redis: RedisConnection,
  keys: SlotKeys,
  series: WindowSeries,
  vantage: string
): Promise<number[]> {
  const [minutes, kept] = await Promise.all([
    redis.zrange(keys.minutes, '0', '-1'),
    redis.zrange(keys.series, '0', '-1')
  ])
  const starts = new Set<number>()
  for (const member of minutes) {
    const { startSeconds, vantages } = parseMinuteMember(member)
    if (!vantages.includes(vantage)) continue
    for (const window of windowsOfMinute(startSeconds, [series.zone]))
      if (window.size === series.size && window.zone === series.zone) starts.add(window.startSeconds)
  }
  for (const member of kept) {
    const of = parseSeriesMember(member)
    const isOf = of.series.size === series.size && of.series.zone === series.zone
    if (!isOf || !of.vantages.includes(vantage)) continue
    const members = await redis.zrange(keys.starts(seriesMember(series, of.vantages)), '0', '-1')
    for (const start of members) starts.add(Number(start))
  }
  return [...starts]
}

/** The newest window of each series and vantage that was put there, and all windows of the minutes that wait. */
export async function readVantageWindows(
  redis: RedisConnection,
  keys: SlotKeys,
  zones: readonly string[]
): Promise<VantageWindow[]> {
  const [minutes, kept] = await Promise.all([
    redis.zrange(keys.minutes, '0', '-1'),
    redis.zrange(keys.series, '0', '-1', 'WITHSCORES')
  ])
  const windows: VantageWindow[] = []
  for (let i = 0; i < kept.length; i += 2) {
    const { series, vantages } = parseSeriesMember(kept[i]!)
    for (const vantage of vantages) windows.push({ ...series, startSeconds: Number(kept[i + 1]), vantage })
  }
  for (const member of minutes) {
    const { startSeconds, vantages } = parseMinuteMember(member)
    for (const window of windowsOfMinute(startSeconds, zones))
      for (const vantage of vantages) windows.push({ ...window, vantage })
  }
  return windows
}

/** An hour at one sensor. */
export interface SensorHour {
  /** What was put there; null where nothing. */
  readonly stored: Buffer | null
  /** That, and what waits to be put there. */
  readonly table: CountTable
}

/** Where an hour of a slot's sensors lies: what is rolled up by sensor, and minutes that are not yet. */
interface SensorHourParts {
  readonly sensors: readonly string[]
  readonly minutes: readonly string[]
}

async function findSensorHour(
  redis: RedisConnection,
  keys: SlotKeys,
  startSeconds: number
): Promise<SensorHourParts> {
  const [minutes, totals] = await Promise.all([
    redis.zrangebyscore(keys.minutes, startSeconds, startSeconds + 3599),
    redis.hkeys(keys.totals)
  ])
  const known = totals.map(sensorOfTotal).filter((sensor) => sensor !== null)
  return {
    sensors: [...new Set([...known, ...minutes.map((member) => parseMinuteMember(member).sensor)])],
    minutes
  }
}

/** The sensors of a slot that have packets in an hour. */
export async function readSensorsAt(
  redis: RedisConnection,
  keys: SlotKeys,
  startSeconds: number
): Promise<string[]> {
  const { sensors, minutes } = await findSensorHour(redis, keys, startSeconds)
  const rolled = await Promise.all(
    sensors.map((sensor) => redis.exists(keys.sensorHour(sensorHourMember(startSeconds, sensor))))
  )
  // A minute is in the list for as long as it is there.
  const waiting = new Set(minutes.map((member) => parseMinuteMember(member).sensor))
  return sensors.filter((sensor, index) => rolled[index] === 1 || waiting.has(sensor))
}

/** An hour of every sensor of a slot that has packets in it. Throws PackedNumbersError where a log cannot be read. */
export async function readSensorHour(
  redis: RedisConnection,
  keys: SlotKeys,
  startSeconds: number
): Promise<Map<string, SensorHour>> {
  const { sensors, minutes } = await findSensorHour(redis, keys, startSeconds)
  const wanted = [
    ...sensors.map((sensor) => keys.sensorHour(sensorHourMember(startSeconds, sensor))),
    ...minutes.map((member) => keys.minute(member))
  ]
  const hour = new Map<string, SensorHour>()
  if (wanted.length === 0) return hour
  const logs = await redis.mgetBuffer(wanted)
  for (const [index, sensor] of sensors.entries()) {
    const table = new CountTable()
    const stored = logs[index]!
    if (stored !== null) mergeStored(stored, table)
    for (const [at, member] of minutes.entries()) {
      const log = logs[sensors.length + at]!
      if (log !== null && parseMinuteMember(member).sensor === sensor) mergeStored(log, table)
    }
    if (table.size > 0) hour.set(sensor, { stored, table })
  }
  return hour
}
