// Reads the ledger of one slot: totals, what is missing in its lanes, and when nobody was listening.
import type { RedisConnection } from './connection.ts'
import { gapsOf } from '../../core/fence/fence-slot.ts'
import type { Closure } from '../../core/fence/lane.ts'
import { holesOf, type LaneEnd, parseRanges } from '../../core/fence/seen-ranges.ts'
import type { LaneGap, Ledger, LostRecords, UnobservedInterval } from '../../core/store/count-store.ts'
import { totalsOf } from './replies.ts'
import type { SlotKeys } from './slot-keys.ts'

/** Lanes that are asked for at once. */
const LANES_A_CALL = 500

/** The part of the ledger that lies in one slot. */
export async function readLedger(redis: RedisConnection, keys: SlotKeys): Promise<Ledger> {
  const [totals, lanes, unobserved, lostRecords] = await Promise.all([
    redis.hgetall(keys.totals),
    redis.zrange(keys.lanes, '0', '-1'),
    redis.zrange(keys.unobserved, '0', '-1'),
    redis.hgetall(keys.lostRecords)
  ])
  return {
    sensors: totalsOf(totals),
    gaps: await readGaps(redis, keys, lanes),
    unobserved: unobserved.map(intervalOf),
    lostRecords: Object.entries(lostRecords).map(([key, to]) => lostOf(key, to))
  }
}

async function readGaps(
  redis: RedisConnection,
  keys: SlotKeys,
  lanes: readonly string[]
): Promise<LaneGap[]> {
  const gaps: LaneGap[] = []
  for (let first = 0; first < lanes.length; first += LANES_A_CALL) {
    const some = lanes.slice(first, first + LANES_A_CALL)
    const states = await Promise.all(
      some.map((lane) => redis.hmget(keys.lane(lane), 'ranges', 'end', 'closed'))
    )
    for (const [i, [ranges, end, closed]] of states.entries()) {
      const holes = holesOf(parseRanges(ranges ?? ''), endOf(end ?? null))
      gaps.push(...gapsOf(some[i]!, { closures: closuresOf(closed ?? ''), holes: () => holes }))
    }
  }
  return gaps
}

function endOf(text: string | null): LaneEnd | null {
  if (text === null) return null
  const [number, frames] = text.split(':').map(Number)
  return { number: number!, frames: frames! }
}

/** The inverse of what apply-slot.lua writes: 'dropped:3-7:500:1700000000,...'. */
function closuresOf(text: string): Closure[] {
  return (text === '' ? [] : text.split(',')).map((part) => {
    const [kind, numbers, frames, closedSeconds] = part.split(':')
    const [from, to] = numbers!.split('-').map(Number)
    return {
      kind: kind as Closure['kind'],
      from: from!,
      to: to!,
      frames: Number(frames),
      closedSeconds: Number(closedSeconds)
    }
  })
}

function intervalOf(member: string): UnobservedInterval {
  const [sensor, fromMs, toMs] = member.split('|')
  return { sensor: sensor!, fromMs: Number(fromMs), toMs: Number(toMs) }
}

function lostOf(key: string, to: string): LostRecords {
  const [topic, partition, from] = key.split('|')
  return { topic: topic!, partition: Number(partition), from: Number(from), to: Number(to) }
}
