// Unique sources of one window and vantage: the numbers of a closed one, or the union of what its slots hold.
import { decodeSourceNumbers, sourcesOfSeries } from '../../core/sources/source-numbers.ts'
import { SourceTable } from '../../core/sources/source-log.ts'
import type { VantageWindow } from '../../core/store/count-store.ts'
import { windowEndSeconds } from '../../core/windows/time-zone.ts'
import type { RedisConnection } from './connection.ts'
import { readNumbers } from './close-sources.ts'
import { parseQuarterMember, parseWindowMember, type SlotKeys, windowMember } from './slot-keys.ts'
import { mergeStored } from './stored-log.ts'

/** Numbers of these series, 0 where there is none. */
export async function readSources(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  window: VantageWindow,
  series: readonly string[]
): Promise<Map<string, number>> {
  const closed = await readNumbers(redis, slots, window)
  if (closed !== null) return sourcesOfSeries(series, (visit) => decodeSourceNumbers(closed, visit))
  const table = new SourceTable()
  const logs = await Promise.all(slots.map((keys) => readLogs(redis, keys, window)))
  for (const log of logs.flat()) mergeStored(log, table)
  return sourcesOfSeries(series, (visit, isWanted) => table.forEach(visit, isWanted))
}

/**
 * The logs of one slot, read in one step, so that a quarter which goes to the window meanwhile is in one of the two. The
 * lists are read before: what begins after that is newer than the question.
 */
async function readLogs(redis: RedisConnection, keys: SlotKeys, window: VantageWindow): Promise<Buffer[]> {
  const end = windowEndSeconds(window)
  const [quarters, windows] = await Promise.all([
    redis.zrangebyscore(keys.quarters, window.startSeconds, end - 1),
    redis.zrange(keys.sourceWindows, '0', '-1')
  ])
  const groups = new Map<string, readonly string[]>()
  const note = (vantages: readonly string[]): void => {
    if (vantages.includes(window.vantage)) groups.set(JSON.stringify(vantages), vantages)
  }
  for (const member of windows) note(parseWindowMember(member).vantages)
  const ofQuarters = quarters.filter((member) => {
    const { vantages } = parseQuarterMember(member)
    note(vantages)
    return vantages.includes(window.vantage)
  })
  const wanted = [
    ...[...groups.values()].map((vantages) => keys.sources(windowMember(window, vantages))),
    ...ofQuarters.map((member) => keys.quarter(member))
  ]
  if (wanted.length === 0) return []
  return (await redis.mgetBuffer(wanted)).filter((log) => log !== null)
}
