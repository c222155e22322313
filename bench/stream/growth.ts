// What a packet costs, and what Redis holds, as a deployment grows: more sensors, more sources, more days. The same number
// of packets is decoded, tagged, located, added up and put to a real Redis by this process; only that is timed.
import { RedisStore } from '../../adapters/redis-store.ts'
import { MAX_BATCH_FRAMES } from '../../core/batch/raw-batch.ts'
import { readConfiguration } from '../../core/configuration.ts'
import { locateColumns } from '../../core/geo/locate.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import { slotOf } from '../../core/store/slot.ts'
import { buildAimedAt } from '../../core/tags/aimed-at.ts'
import { tagColumns } from '../../core/tags/tag-columns.ts'
import { Accumulator } from '../../core/windows/accumulator.ts'
import { type LoadedWorld, loadWorld } from '../../services/tagger/world.ts'
import { startRedis } from '../../tools/stack/redis.ts'
import { batchOf, type BenchSensor, benchSensors, fencedOf, fillColumns, KEPT } from './counted-traffic.ts'
import { redisBytes, type Say } from './drain.ts'
import { cpuSecondsOf } from './process-usage.ts'

const PACKETS = 2_000_000
const DAY_SECONDS = 86_400
const FLUSHES_A_DAY = 48
const SLOTS = 4

/** One size of a deployment. */
export interface GrowthRow {
  readonly sensors: number
  /** In the pool that sources are drawn from. */
  readonly sources: number
  readonly days: number
  readonly cpuNsPerPacket: number
  readonly redisCpuNsPerPacket: number
  readonly redisBytes: number
}

/** One axis after the other, from the same middle. */
const SIZES: readonly Pick<GrowthRow, 'sensors' | 'sources' | 'days'>[] = [
  ...[1, 10, 100, 1000].map((sensors) => ({ sensors, sources: 200_000, days: 1 })),
  ...[10_000, 1_000_000, 10_000_000].map((sources) => ({ sensors: 10, sources, days: 1 })),
  ...[2, 4, 8].map((days) => ({ sensors: 10, sources: 200_000, days }))
]

/** Counts two million packets in each size. */
export async function measureGrowth(say: Say): Promise<GrowthRow[]> {
  const world = await loadWorld(readConfiguration({}), true)
  const rows: GrowthRow[] = []
  for (const size of SIZES) {
    const row = await measureSize(size, world)
    rows.push(row)
    say(`growth: ${JSON.stringify(row)}`)
  }
  return rows
}

async function measureSize(
  size: Pick<GrowthRow, 'sensors' | 'sources' | 'days'>,
  { world }: LoadedWorld
): Promise<GrowthRow> {
  const part = await startRedis()
  const store = new RedisStore({
    url: part.url,
    namespace: 'bench:growth',
    slots: SLOTS,
    dayZones: ['Asia/Tokyo'],
    retention: KEPT
  })
  await store.start()
  try {
    const redisBefore = cpuSecondsOf(part.pids[0]!)
    const cpuNs = await countDays(store, size, world.geo)
    const redisNs = (cpuSecondsOf(part.pids[0]!) - redisBefore) * 1e9
    return {
      ...size,
      cpuNsPerPacket: Math.round(cpuNs / PACKETS),
      redisCpuNsPerPacket: Math.round(redisNs / PACKETS),
      redisBytes: await redisBytes(part.url)
    }
  } finally {
    await store.stop()
    await part.stop()
  }
}

/** Nanoseconds of this process for everything but making the traffic. */
async function countDays(
  store: RedisStore,
  { sensors: count, sources, days }: Pick<GrowthRow, 'sensors' | 'sources' | 'days'>,
  geo: Parameters<typeof locateColumns>[1]
): Promise<number> {
  const start = (Math.floor(Date.now() / 1000 / DAY_SECONDS) - days) * DAY_SECONDS
  const packetsPerSecond = PACKETS / count / days / DAY_SECONDS
  const sensors = benchSensors(count, { sources, startSeconds: start, packetsPerSecond })
  const accumulators = Array.from({ length: store.slots }, () => new Accumulator())
  const aimedAt = buildAimedAt([])
  const clock = new CpuClock()
  const stepSeconds = DAY_SECONDS / FLUSHES_A_DAY
  const capacity = Math.min(MAX_BATCH_FRAMES, Math.ceil(packetsPerSecond * stepSeconds) + 1)
  for (let flush = 0; flush < FLUSHES_A_DAY * days; flush++) {
    const end = start + (flush + 1) * stepSeconds
    const filled = sensors.map((sensor) => ({ sensor, columns: columnsUntil(sensor, end, capacity) }))
    clock.start()
    for (const [slot, accumulator] of accumulators.entries()) {
      const own = filled.filter(({ sensor }) => slotOf(sensor.name, store.slots) === slot)
      for (const { sensor, columns } of own) {
        for (const some of columns) {
          tagColumns(some, aimedAt)
          locateColumns(some, geo)
          accumulator.add(batchOf({ ...sensor, columns: some }, flush + 1, end))
        }
      }
      const batches = own.map(({ sensor, columns }) =>
        fencedOf(
          sensor.name,
          flush + 1,
          columns.reduce((sum, some) => sum + some.length, 0),
          end
        )
      )
      await store.applySlot({ slot, spans: [], batches, known: [], ...accumulator.take() })
    }
    await store.roll(end - 30)
    if (flush % 2 === 1) {
      await store.closeSources(end, [])
      await store.trimSensorHours(end)
    }
    clock.stop()
  }
  return clock.nanoseconds
}

/** A sensor's packets until then, as many columns as they fill. */
function columnsUntil(sensor: BenchSensor, end: number, capacity: number): PacketColumns[] {
  const filled: PacketColumns[] = []
  for (let isMore = true; isMore; ) {
    const columns = new PacketColumns(capacity)
    isMore = fillColumns(sensor.traffic, columns, end)
    filled.push(columns)
  }
  return filled
}

/** User and system time of this process between start and stop. */
class CpuClock {
  nanoseconds = 0
  #before = process.cpuUsage()

  start(): void {
    this.#before = process.cpuUsage()
  }

  stop(): void {
    const { user, system } = process.cpuUsage(this.#before)
    this.nanoseconds += (user + system) * 1000
  }
}
