// What Redis holds for a deployment of a hundred small sensors: one day of their packets is counted for real, every kind of
// key is weighed by Redis itself, and what a day has is multiplied by what is kept.
import { Redis } from 'ioredis'
import { RedisStore } from '../../adapters/redis-store.ts'
import { locateColumns } from '../../core/geo/locate.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import type { FencedBatch } from '../../core/store/count-store.ts'
import { slotOf } from '../../core/store/slot.ts'
import { buildAimedAt } from '../../core/tags/aimed-at.ts'
import { tagColumns } from '../../core/tags/tag-columns.ts'
import { Accumulator } from '../../core/windows/accumulator.ts'
import { readConfiguration } from '../../core/configuration.ts'
import { loadWorld } from '../../services/tagger/world.ts'
import { startRedis } from '../../tools/stack/redis.ts'
import { batchOf, benchSensors, COUNTRIES, fencedOf, fillColumns, KEPT } from './counted-traffic.ts'
import type { Say } from './drain.ts'

const SENSORS = 100
const PACKETS_A_DAY = 200_000
const SOURCES = 200_000
const DAY_SECONDS = 86_400
const ZONE = 'Asia/Tokyo'

/** One kind of keys: what a day of traffic leaves of it, and what that comes to over all that is kept. */
export interface MemoryRow {
  readonly kind: string
  readonly keys: number
  readonly bytes: number
  /** How many times as much is kept. */
  readonly times: number
}

/** What Redis holds, by its own account of each key. */
export interface MemoryResult {
  readonly sensors: number
  readonly vantages: number
  readonly packetsASensorAndDay: number
  readonly slots: number
  readonly rows: readonly MemoryRow[]
  readonly totalBytes: number
}

/** Counts a day, and weighs it. */
export async function measureMemory(slots: number, say: Say): Promise<MemoryResult> {
  const part = await startRedis()
  const store = new RedisStore({
    url: part.url,
    namespace: 'bench:memory',
    slots,
    dayZones: [ZONE],
    retention: KEPT
  })
  await store.start()
  try {
    const dayStart = (Math.floor(Date.now() / 1000 / DAY_SECONDS) - 1) * DAY_SECONDS
    await countDay(store, dayStart, say)
    const rows = await weigh(part.url)
    const totalBytes = Math.round(rows.reduce((sum, { bytes, times }) => sum + bytes * times, 0))
    for (const { kind, keys, bytes, times } of rows)
      say(`${kind.padEnd(34)}${String(keys).padStart(8)}${String(bytes).padStart(14)} bytes, ${times} times`)
    say(`memory: ${Math.round(totalBytes / 2 ** 20)} MiB`)
    return {
      sensors: SENSORS,
      vantages: COUNTRIES.length,
      packetsASensorAndDay: PACKETS_A_DAY,
      slots,
      rows,
      totalBytes
    }
  } finally {
    await store.stop()
    await part.stop()
  }
}

/** Packets of every sensor, minute by minute, with the housekeeping of each hour. */
async function countDay(store: RedisStore, dayStart: number, say: Say): Promise<void> {
  const { world } = await loadWorld(readConfiguration({}), true)
  const aimedAt = buildAimedAt([])
  const accumulators = Array.from({ length: store.slots }, () => new Accumulator())
  const traffic = { sources: SOURCES, startSeconds: dayStart, packetsPerSecond: PACKETS_A_DAY / DAY_SECONDS }
  const sensors = benchSensors(SENSORS, traffic).map((sensor) => ({
    ...sensor,
    columns: new PacketColumns(4096)
  }))
  for (let minute = 0; minute < DAY_SECONDS / 60; minute++) {
    const end = dayStart + (minute + 1) * 60
    const batches: FencedBatch[][] = accumulators.map(() => [])
    for (const sensor of sensors) {
      fillColumns(sensor.traffic, sensor.columns, end)
      tagColumns(sensor.columns, aimedAt)
      locateColumns(sensor.columns, world.geo)
      const slot = slotOf(sensor.name, store.slots)
      accumulators[slot]!.add(batchOf(sensor, minute + 1, end))
      batches[slot]!.push(fencedOf(sensor.name, minute + 1, sensor.columns.length, end))
    }
    for (const [slot, accumulator] of accumulators.entries()) {
      const counted = { batches: batches[slot]!, known: [], ...accumulator.take() }
      const outcome = await store.applySlot({ slot, spans: [], ...counted })
      if (outcome.kind !== 'applied') throw new Error(`slot ${slot}: ${outcome.kind}`)
    }
    if (minute % 10 === 9) await store.roll(end - 30)
    if (minute % 60 !== 59) continue
    await store.closeSources(end, [])
    await store.trimSensorHours(end)
    if (minute % 360 === 359) say(`memory: ${(minute + 1) / 60} hours of ${SENSORS} sensors are counted`)
  }
  // As it is some days later.
  const later = dayStart + 5 * DAY_SECONDS
  await store.roll(later)
  await store.closeSources(later, [])
  await store.closeSources(later, [])
  await store.trimSensorHours(later)
}

/** How many days of a kind are kept, by what its keys begin with. */
const KINDS: readonly { readonly kind: string; readonly key: RegExp; readonly times: number }[] = [
  { kind: 'packets by minute', key: /:counts\|minute\|/, times: KEPT.minuteHours / 24 },
  { kind: 'packets by hour', key: /:counts\|hour\|/, times: KEPT.hourDays },
  // The two days of another zone that share a day of UTC are cut short here, so both zones are weighed as UTC.
  { kind: `packets by day, UTC and ${ZONE}`, key: /:counts\|day\|UTC\|/, times: 2 * KEPT.dayDays },
  { kind: `packets by day, ${ZONE}, cut short`, key: /:counts\|day\|(?!UTC)/, times: 0 },
  { kind: 'sensors by hour', key: /:sensor-hour\|/, times: KEPT.hourDays },
  { kind: 'sources by hour', key: /:source-numbers\|hour\|/, times: KEPT.hourDays },
  { kind: `sources by day, UTC and ${ZONE}`, key: /:source-numbers\|day\|UTC\|/, times: 2 * KEPT.dayDays },
  { kind: `sources by day, ${ZONE}, cut short`, key: /:source-numbers\|day\|(?!UTC)/, times: 0 },
  { kind: 'lanes, totals, lists', key: /./, times: 1 }
]

async function weigh(url: string): Promise<MemoryRow[]> {
  const redis = new Redis(url)
  const rows = KINDS.map(({ kind, times }) => ({ kind, times, keys: 0, bytes: 0 }))
  try {
    for (const key of await redis.keys('*')) {
      const row = rows[KINDS.findIndex((each) => each.key.test(key))]!
      row.keys += 1
      row.bytes += Number(await redis.memory('USAGE', key, 'SAMPLES', 0))
    }
    return rows
  } finally {
    redis.disconnect()
  }
}
