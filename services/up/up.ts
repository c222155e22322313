// The embedded default: sensor, tagger, aggregator and console in one process, on the in-process bus and the
// in-memory store. It plays captures, and stays up.
import type { CaptureFile } from '../../adapters/capture-files.ts'
import { InProcessBus } from '../../adapters/in-process-bus.ts'
import type { Log } from '../../adapters/log.ts'
import { MemoryStore } from '../../adapters/memory-store.ts'
import { DEFAULT_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import { runPartition } from '../../core/batch/partition.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { TaggingWorld } from '../../core/tagging/tag-record.ts'
import { Aggregator } from '../aggregator/aggregator.ts'
import { AggregatorCounters } from '../aggregator/metrics.ts'
import { Console } from '../console/console.ts'
import type { PlayFailure } from '../embedded/play-files.ts'
import { HttpServer } from '../http/http-server.ts'
import { serviceRoutes } from '../http/service-endpoints.ts'
import { Exposition } from '../metrics/exposition.ts'
import { batchFile } from '../sensor/file-batches.ts'
import { SensorCounters } from '../sensor/metrics.ts'
import { TaggerCounters } from '../tagger/metrics.ts'
import { Tagger } from '../tagger/tagger.ts'
import { upReadings } from './metrics.ts'

/** What is played, as whose, and where it is shown. */
export interface UpOptions {
  readonly files: readonly CaptureFile[]
  readonly sensor: string
  /** Playing takes about this long; 0 plays as fast as possible. */
  readonly playSeconds: number
  readonly world: TaggingWorld
  readonly zones: readonly string[]
  readonly http: { readonly host: string; readonly port: number }
  readonly version: string
  /** Sentences for the page on what is missing, such as the ASN database. */
  readonly notes: readonly string[]
  readonly log: Log
  readonly onFailure: (error: Error) => void
}

const PARTITIONS = 2
const MAX_UNREAD_RECORDS = 64
const FLUSH_INTERVAL_MS = 100
/** While the play is paced, batches are small, so that the page moves. */
const PACED_BATCH_FRAMES = 32

/** `start` serves the page at `url`; `play` ends when every file is counted and shown; `stop` ends everything. */
export class Up {
  readonly #options: UpOptions
  readonly #bus = new InProcessBus({
    partitions: PARTITIONS,
    maxUnreadRecords: MAX_UNREAD_RECORDS,
    nowMs: Date.now
  })
  readonly #store: MemoryStore
  readonly #sensorCounters = new SensorCounters()
  readonly #taggerCounters = new TaggerCounters(false)
  readonly #aggregatorCounters = new AggregatorCounters(false)
  readonly #tagger: Tagger
  readonly #aggregator: Aggregator
  readonly #console: Console
  #server: HttpServer | null = null
  #url = ''
  #what = 'starting'
  #isReady = false
  #isStopped = false

  constructor(options: UpOptions) {
    this.#options = options
    const { onFailure, world, zones, log } = options
    this.#store = new MemoryStore({ dayZones: zones })
    const bus = this.#bus
    const nowMs = Date.now
    const counters = this.#taggerCounters
    this.#tagger = new Tagger({ bus, group: 'tagger', world, counters, nowMs, log, onFailure })
    this.#aggregator = new Aggregator({
      bus,
      group: 'aggregator',
      store: this.#store,
      flushIntervalMs: FLUSH_INTERVAL_MS,
      flushPackets: 100_000,
      counters: this.#aggregatorCounters,
      nowMs,
      log,
      onFailure
    })
    const state = () => ({ what: this.#what, notes: options.notes })
    this.#console = new Console({ bus, state, nowMs, onFailure })
  }

  /** Where the page is, once started. */
  get url(): string {
    return this.#url
  }

  get countedPackets(): number {
    return this.#aggregatorCounters.packets
  }

  get rejectedFrames(): number {
    return [...this.#aggregatorCounters.rejectedFrames.values()].reduce((sum, frames) => sum + frames, 0)
  }

  async start(): Promise<void> {
    await this.#store.start()
    await this.#aggregator.start()
    await this.#console.start()
    await this.#tagger.start()
    const exposition = new Exposition(() =>
      upReadings(this.#options.version, this.#options.sensor, {
        sensor: this.#sensorCounters,
        tagger: this.#taggerCounters,
        aggregator: this.#aggregatorCounters,
        taggerLagRecords: this.#tagger.lagRecords(),
        aggregatorLagRecords: this.#aggregator.lagRecords()
      })
    )
    const routes = { ...serviceRoutes(exposition, () => this.#isReady), ...(await this.#console.routes()) }
    this.#server = new HttpServer({ ...this.#options.http, routes })
    this.#url = await this.#server.start()
    this.#isReady = true
  }

  /** Plays the files in turn, and answers those that could not be read to their end. */
  async play(): Promise<PlayFailure[]> {
    const { files, sensor, playSeconds } = this.#options
    const frames = playSeconds > 0 ? PACED_BATCH_FRAMES : DEFAULT_BATCH_LIMITS.frames
    const limits = { ...DEFAULT_BATCH_LIMITS, frames }
    const failures: PlayFailure[] = []
    for (const [index, file] of files.entries()) {
      if (this.#isStopped) break
      this.#what = `a run of captures: playing ${file.name} (${index + 1} of ${files.length})`
      const pace = new Pace((playSeconds * 1000) / files.length)
      const batching = {
        sensor,
        epoch: null,
        epochStartedMs: 0,
        lane: 0,
        limits,
        withDigest: true,
        nowMs: null
      }
      try {
        await batchFile(file, batching, async (batch) => {
          if (this.#isStopped) return
          const partition = runPartition(batch.name, PARTITIONS)
          this.#sensorCounters.count(batch, await this.#bus.publish('packets.raw', partition, [batch]))
          await pace.wait()
        })
      } catch (error) {
        if (!(error instanceof StormpetrelError)) throw error
        failures.push({ file: file.name, error })
      }
    }
    await this.#untilCounted()
    this.#what = `a run of ${files.length} ${files.length === 1 ? 'capture' : 'captures'}, played to the end`
    return failures
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    await this.#server?.stop()
    await this.#tagger.stop()
    await this.#aggregator.stop()
    await this.#console.stop()
    await this.#bus.stop()
    await this.#store.stop()
  }

  async #untilCounted(): Promise<void> {
    const readers = [this.#tagger, this.#aggregator, this.#console]
    const isBehind = () => readers.some((reader) => reader.lagRecords() > 0)
    while (!this.#isStopped && isBehind())
      await new Promise((resolve) => setTimeout(resolve, FLUSH_INTERVAL_MS))
  }
}

/** Spreads the batches of one file over about `durationMs`: the sum of the waits has a bound, whatever the file is. */
class Pace {
  readonly #stepMs = 50
  #leftMs: number

  constructor(durationMs: number) {
    this.#leftMs = durationMs
  }

  async wait(): Promise<void> {
    if (this.#leftMs <= 0) return
    this.#leftMs -= this.#stepMs
    await new Promise((resolve) => setTimeout(resolve, this.#stepMs))
  }
}
