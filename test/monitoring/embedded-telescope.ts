// A telescope in this process: sensors that send a batch every quarter of a second, a tagger, an aggregator with its
// housekeeping, and what the detector shows, each with its own /metrics. The bus and the store are the embedded ones.
import { InProcessBus } from '../../adapters/in-process-bus.ts'
import { MemoryStore } from '../../adapters/memory-store.ts'
import { Batcher, DEFAULT_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import { livePartition } from '../../core/batch/partition.ts'
import type { StoreMemory } from '../../core/store/count-store.ts'
import { DEFAULT_RETENTION } from '../../core/store/retention.ts'
import type { SurgeKind } from '../../core/surges/surge.ts'
import { localSensorList, type SensorList } from '../../core/telescope/sensor-list.ts'
import { buildAimedAt } from '../../core/tags/aimed-at.ts'
import { Aggregator } from '../../services/aggregator/aggregator.ts'
import { Housekeeping } from '../../services/aggregator/housekeeping.ts'
import { AggregatorCounters } from '../../services/aggregator/metrics.ts'
import { DetectorCounters } from '../../services/detector/metrics.ts'
import type { HttpServer } from '../../services/http/http-server.ts'
import { createServiceServer } from '../../services/http/service-endpoints.ts'
import { Exposition } from '../../services/metrics/exposition.ts'
import type { MetricReading } from '../../services/metrics/metric-table.ts'
import {
  detectorReadings,
  aggregatorReadings,
  buildReading,
  sensorReadings,
  spoolReadings,
  taggerReadings,
  worldReadings
} from '../../services/metrics/readings.ts'
import type { ExportedWindow } from '../../core/counts/exported-window.ts'
import { SeriesJudge } from '../../core/surges/series-judge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../../core/surges/stories.ts'
import type { SurgeStore } from '../../core/surges/surge-store.ts'
import { thresholdsOf } from '../../core/surges/thresholds.ts'
import { Detector } from '../../services/detector/detector.ts'
import { SensorCounters } from '../../services/sensor/metrics.ts'
import { TaggerCounters } from '../../services/tagger/metrics.ts'
import { Tagger } from '../../services/tagger/tagger.ts'
import type { LoadedWorld } from '../../services/tagger/world.ts'
import { findFreePort } from '../../tools/stack/free-port.ts'
import { openSpool, spoolFolder } from '../adapters/spool/spool-fixture.ts'
import { frameOf, synPacket } from '../builders/frames.ts'
import { taggingWorld } from '../builders/raw-batches.ts'
import { surgeChange } from '../builders/surges.ts'

export const SENSORS = ['busan-1', 'kyoto-1', 'osaka-1', 'seoul-1', 'tokyo-1']
const PARTITIONS = 2
const SEND_EVERY_MS = 250
/** A minute in scaled-files.ts. */
const LOOK_EVERY_MS = 1000

/** What the detector shows of one surge. */
export interface ShownSurge {
  readonly series: string
  readonly kind: SurgeKind
  readonly severity: 'page' | 'notice'
  readonly ratio: number
  readonly onsetSeconds: number
}

/** The in-memory store, as it would be in a server that tells its memory. */
class ServerStore extends MemoryStore {
  override memory(): Promise<StoreMemory> {
    return Promise.resolve({ usedBytes: 1_000_000, maxBytes: 10_000_000 })
  }
}

export class EmbeddedTelescope {
  /** Sensors that capture nothing and say nothing. */
  readonly silent = new Set<string>()
  /** What the detector shows as open. */
  readonly surges: ShownSurge[] = []
  readonly failures: Error[] = []
  readonly nowMs = (): number => Date.now() + this.#aheadMs
  #aheadMs = 0
  readonly #bus = new InProcessBus({
    partitions: PARTITIONS,
    maxUnreadRecords: 100_000,
    nowMs: this.nowMs
  })
  readonly #store = new ServerStore({
    retention: DEFAULT_RETENTION,
    nowSeconds: () => Math.floor(this.nowMs() / 1000)
  })
  readonly #sensorCounters = new SensorCounters()
  readonly #taggerCounters = new TaggerCounters(true)
  readonly #aggregatorCounters = new AggregatorCounters(true)
  readonly #batchers = new Map(SENSORS.map((sensor) => [sensor, batcherOf(sensor)]))
  readonly #world = worldOf(SENSORS)
  readonly #aggregator: Aggregator
  readonly #housekeeping: Housekeeping
  readonly #servers = new Map<string, HttpServer>()
  #tagger: Tagger
  #frames = 0
  #timer: NodeJS.Timeout | null = null
  #detector: Detector | null = null
  #judged: DetectorCounters | null = null
  #endSpool: () => Promise<void> = () => Promise.resolve()

  constructor() {
    const [bus, store, counters] = [this.#bus, this.#store, this.#aggregatorCounters]
    const watched = { log: () => undefined, onFailure: (error: Error) => this.failures.push(error) }
    this.#aggregator = new Aggregator({
      bus,
      store,
      counters,
      group: 'aggregator',
      flushIntervalMs: 50,
      flushPackets: 1000,
      nowMs: this.nowMs,
      ...watched
    })
    this.#housekeeping = new Housekeeping({
      store,
      bus,
      counters,
      isLive: true,
      intervalMs: LOOK_EVERY_MS,
      ...watched
    })
    this.#tagger = this.#makeTagger()
  }

  async start(): Promise<void> {
    await this.#aggregator.start()
    await this.#housekeeping.start()
    await this.#tagger.start()
    const { folder, remove } = spoolFolder()
    const spool = await openSpool(folder)
    this.#endSpool = async () => {
      await spool.stop()
      remove()
    }
    await this.#serve('sensor', () => [
      ...sensorReadings(SENSORS[0]!, this.#sensorCounters),
      ...spoolReadings(SENSORS[0]!, spool, Date.now())
    ])
    await this.#serve('tagger', () => [
      ...taggerReadings(this.#taggerCounters, this.#tagger.lagRecords()),
      ...worldReadings(this.#world, Date.now() / 1000)
    ])
    await this.#serve('aggregator', () =>
      aggregatorReadings(this.#aggregatorCounters, this.#aggregator.lagRecords())
    )
    await this.#serve('detector', () => detectorReadings(this.#judged ?? countersOf(this.surges)))
    this.#timer = setInterval(() => void this.#send(), SEND_EVERY_MS)
  }

  /** From now on it is that much later. */
  skip(aheadMs: number): void {
    this.#aheadMs += aheadMs
  }

  /** Puts hours that were counted elsewhere, before any packet is sent. */
  async importHours(hours: readonly ExportedWindow[]): Promise<void> {
    for (const hour of hours) await this.#store.putWindow(hour)
  }

  /** Has the detector judge what is counted, instead of showing `surges`. Answers what it counts. */
  async judge(surges: SurgeStore): Promise<DetectorCounters> {
    const counters = new DetectorCounters(Math.floor(this.nowMs() / 1000))
    const thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS)
    this.#judged = counters
    this.#detector = new Detector({
      counts: this.#store,
      surges,
      bus: this.#bus,
      group: 'detector',
      sensors: this.#world.sensors.sensors,
      samplesPackets: false,
      makeJudge: (parts) => new SeriesJudge(thresholds, parts),
      pagesPerQuarter: DEFAULT_PAGES_PER_QUARTER,
      counters,
      log: () => undefined,
      onFailure: (error) => this.failures.push(error),
      intervalMs: SEND_EVERY_MS,
      nowMs: this.nowMs
    })
    await this.#detector.start()
    return counters
  }

  /** One packet from each of so many sources at every sensor that is not silent, no two sensors' the same, and now. */
  async sendSources(count: number): Promise<void> {
    const seconds = Math.floor(this.nowMs() / 1000)
    for (const [index, sensor] of SENSORS.entries()) {
      const batcher = this.#batchers.get(sensor)!
      if (this.silent.has(sensor)) continue
      for (let source = 0; source < count; source++) {
        const src = [100, index, source >> 8, source & 255]
        batcher.add(frameOf(synPacket({ src }), ++this.#frames, seconds))
      }
      await this.#publish(batcher)
    }
  }

  /** Packets that are counted of an hour. */
  async countedPackets(startSeconds: number): Promise<number> {
    const window = { size: 'hour', zone: 'UTC', startSeconds, vantage: 'all' } as const
    return (await this.#store.packets(window)).get('all') ?? 0
  }

  /** Host and port of a service's /metrics; the same for its life. */
  target(service: string): string {
    return new URL(this.#servers.get(service)!.url).host
  }

  /** The tagger's process is gone: it tags nothing and answers nobody. */
  async stopTagger(): Promise<void> {
    await this.#servers.get('tagger')!.stop()
    await this.#tagger.stop()
  }

  /** And is there again, at the same address. */
  async startTagger(): Promise<void> {
    this.#tagger = this.#makeTagger()
    await this.#tagger.start()
    await this.#servers.get('tagger')!.start()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    for (const server of this.#servers.values()) await server.stop()
    await this.#detector?.stop()
    await this.#tagger.stop()
    await this.#housekeeping.stop()
    await this.#aggregator.stop()
    await this.#bus.stop()
    await this.#endSpool()
  }

  #makeTagger(): Tagger {
    return new Tagger({
      bus: this.#bus,
      group: 'tagger',
      world: this.#world.world,
      counters: this.#taggerCounters,
      nowMs: this.nowMs,
      log: () => undefined,
      onFailure: (error) => this.failures.push(error)
    })
  }

  async #serve(service: string, readings: () => MetricReading[]): Promise<void> {
    const exposition = new Exposition(() => [buildReading('0.0.0', service), ...readings()])
    const address = { host: '127.0.0.1', port: await findFreePort() }
    const server = createServiceServer(address, exposition, () => true)
    await server.start()
    this.#servers.set(service, server)
  }

  /** A packet of each sensor that is not silent, captured now. */
  async #send(): Promise<void> {
    for (const [sensor, batcher] of this.#batchers) {
      if (this.silent.has(sensor)) continue
      this.#frames += 1
      batcher.add(frameOf(synPacket(), this.#frames, Math.floor(this.nowMs() / 1000)))
      await this.#publish(batcher)
    }
  }

  async #publish(batcher: Batcher): Promise<void> {
    const batch = batcher.close(0, this.nowMs())!
    const sentBytes = await this.#bus.publish('packets.raw', livePartition(batch.name, PARTITIONS), [batch])
    this.#sensorCounters.count(batch, sentBytes)
  }
}

/** As of a sensor on an interface. */
function batcherOf(sensor: string): Batcher {
  const life = { epoch: 'ab', epochStartedMs: Date.now(), lane: 0, file: null }
  return new Batcher({ sensor, ...life, limits: DEFAULT_BATCH_LIMITS, withDigest: true })
}

function worldOf(ids: readonly string[]): LoadedWorld {
  const [local] = localSensorList().sensors
  const sensors: SensorList = {
    version: '1',
    synthetic: null,
    sensors: ids.map((id, index) => ({ ...local!, id, darkSpace: [`198.18.${index}.0/24`] }))
  }
  const geo = [{ name: 'country.mmdb', built: new Date().toISOString().slice(0, 10) }]
  const world = taggingWorld({
    provenance: { geo, rules: '1', sensors: '1' },
    hasClockRule: true,
    sensorFacts: (sensor) => (ids.includes(sensor) ? { vantages: ['all'], aimedAt: buildAimedAt([]) } : null)
  })
  return { world, sensors, notes: [] }
}

/** What a detector shows that judged the last hour and found these. */
function countersOf(surges: readonly ShownSurge[]): DetectorCounters {
  const counters = new DetectorCounters(0)
  counters.isJudging = true
  counters.judgedUpToSeconds = Math.floor(Date.now() / 3_600_000) * 3600
  counters.series = 1000
  counters.open = surges.map((surge) => surgeChange({ ...surge, surge: `${surge.series} ${surge.kind}` }))
  return counters
}
