// A whole stream for one test: traffic, topics of its own, services, and at the end the comparison with a calm run.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from '@jest/globals'
import type { Log } from '../../../adapters/log.ts'
import type { KafkajsBus } from '../../../adapters/kafkajs-bus.ts'
import { RedisStore } from '../../../adapters/redis-store.ts'
import { type Configuration, readConfiguration } from '../../../core/configuration.ts'
import { type AggregatorParts, createAggregator } from '../../../services/aggregator/create-aggregator.ts'
import { Aggregator } from '../../../services/aggregator/aggregator.ts'
import { AggregatorCounters } from '../../../services/aggregator/metrics.ts'
import { createBus, createStore, groupOf } from '../../../services/connections.ts'
import type { Part } from '../../../services/life.ts'
import { createTagger } from '../../../services/tagger/create-tagger.ts'
import { type LoadedWorld, loadWorld } from '../../../services/tagger/world.ts'
import { Deployment } from '../../shown-by/stack/deployment.ts'
import { eventually } from '../../shown-by/stack/eventually.ts'
import type { StackAddresses } from '../../stack/addresses.ts'
import { sharedRedis } from '../../stack/shared-stack.ts'
import { type KeptCounts, keptCounts, packetsByPort } from './kept-counts.ts'
import { SENSORS_YAML, Traffic } from './traffic.ts'

export const PARTITIONS = 4
const SLOTS = 4
/** Less than what jest allows a test. */
const DRAIN_LIMIT_MS = 60_000

/** A service in this process. */
export interface Running {
  stop(): Promise<void>
}

/** One line of the log of a service in this process. */
export interface LogEntry {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Topics, a store and traffic that no other test has. */
export class Stream {
  readonly deployment: Deployment
  readonly configuration: Configuration
  readonly bus: KafkajsBus
  readonly traffic: Traffic
  readonly log: LogEntry[] = []
  /** What ended a service that nobody stopped. */
  readonly failures: Error[] = []
  #world: Promise<LoadedWorld> | undefined
  /** Of every aggregator that was started, for messages. */
  readonly #counters: AggregatorCounters[] = []
  readonly #running = new Set<Running>()

  constructor(addresses: StackAddresses, settings: Readonly<Record<string, string>> = {}) {
    this.deployment = new Deployment(addresses, {
      STORMPETREL_SLOTS: `${SLOTS}`,
      STORMPETREL_PARTITIONS: `${PARTITIONS}`,
      ...settings
    })
    writeFileSync(path.join(this.deployment.folder, 'sensors.yaml'), SENSORS_YAML)
    this.configuration = readConfiguration(this.deployment.environment)
    this.bus = createBus(this.configuration, null, ['packets.raw', 'packets.enriched'], this.#log)
    this.traffic = new Traffic(this.bus, PARTITIONS)
  }

  /** Makes the topics; nothing is sent and no service runs yet. */
  async open(): Promise<void> {
    const { exitCode, stderr } = await this.deployment.call('check', '--apply')
    if (exitCode !== 0) throw new Error(stderr)
    await this.bus.start()
  }

  async startTagger(): Promise<Running> {
    this.#world ??= loadWorld(this.configuration, true)
    const { world } = await this.#world
    return await this.#started(createTagger(this.configuration, null, world, this.#log, this.#fail).parts)
  }

  async startAggregator(): Promise<Running & Pick<AggregatorParts, 'counters' | 'aggregator'>> {
    const made = createAggregator(this.configuration, null, this.#log, this.#fail)
    const { parts, counters, aggregator } = made
    this.#counters.push(counters)
    return { ...(await this.#started(parts)), counters, aggregator }
  }

  /** Resolves when an aggregator has counted that many packets. */
  async untilCounted(counters: AggregatorCounters, packets: number): Promise<void> {
    await this.until('packets are counted', () => counters.packets >= packets)
  }

  /** Resolves when an aggregator has gone back more often than that. */
  async untilRewound(counters: AggregatorCounters, before: number): Promise<void> {
    await this.until('the aggregator goes back', () => counters.rewinds > before)
  }

  /** Resolves when it is so; rejects where a service ended, or with the end of the log where it takes too long. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const isOver = (): boolean => isSo() || this.failures.length > 0
    try {
      await eventually(what, () => Promise.resolve(isOver()), Boolean, DRAIN_LIMIT_MS)
    } catch (error) {
      const state = { sent: this.traffic.packets, aggregators: this.#counters, log: this.log.slice(-20) }
      throw new Error(`${what}: not so; ${JSON.stringify(state)}`, { cause: error })
    }
    expect(this.failures).toEqual([])
  }

  /** Waits until everything that was sent is counted: the traffic must have paused or ended. */
  async untilAllCounted(): Promise<void> {
    const tagger = groupOf(this.configuration, null, 'tagger')
    const raw = await this.bus.endOffsets('packets.raw')
    await eventually(
      `everything is tagged, up to ${raw.join()}`,
      () => this.bus.groupOffsets('packets.raw', tagger),
      (offsets) => raw.every((end, partition) => offsets[partition]! >= end),
      DRAIN_LIMIT_MS
    )
    await this.#withStore(createStore(this.configuration, null, 'read'), (store) => this.#untilRead(store))
  }

  /** The store's next offset of each partition of packets.enriched. */
  async storedOffsets(): Promise<number[]> {
    const store = createStore(this.configuration, null, 'read')
    return await this.#withStore(store, (started) => this.#offsetsOf(started))
  }

  /** Ends the traffic, waits until all of it is counted, and fails unless every count is that of the truth, and every count and sketch that of a calm run. */
  async expectExact(): Promise<void> {
    await this.traffic.end()
    await this.untilAllCounted()
    expect(this.failures).toEqual([])
    const kept = await this.#withStore(createStore(this.configuration, null, 'read'), keptCounts)
    expect(packetsByPort(kept)).toEqual(this.traffic.truth)
    const totals = kept.sensors.reduce((sum, { countedPackets }) => sum + countedPackets, 0)
    expect(totals).toBe(this.traffic.packets)
    expect([kept.gaps, kept.lostRecords]).toEqual([[], []])
    const calm = await this.#calmCounts()
    expect(kept.sensors).toEqual(calm.sensors)
    expect(kept.packets).toEqual(calm.packets)
    expect(kept.sources).toEqual(calm.sources)
  }

  /** Stops the services and ends all processes. */
  async close(): Promise<void> {
    await this.traffic.end().catch(() => undefined)
    for (const running of this.#running) await running.stop().catch(this.#fail)
    await this.bus.stop()
    await this.deployment.end()
  }

  readonly #log: Log = (level, message, fields) => {
    this.log.push({ level, message, fields: fields ?? {} })
  }

  readonly #fail = (error: Error): void => {
    this.failures.push(error)
  }

  async #started(parts: readonly Part[]): Promise<Running> {
    for (const part of parts) await part.start()
    const running: Running = {
      stop: async () => {
        this.#running.delete(running)
        for (const part of [...parts].reverse()) await part.stop()
      }
    }
    this.#running.add(running)
    return running
  }

  /** What one aggregator counts that nobody disturbs, on a Redis that loses nothing, from the same topic. */
  async #calmCounts(): Promise<KeptCounts> {
    const store = new RedisStore({
      url: await sharedRedis(),
      namespace: `stormpetrel/calm-${this.configuration.topicPrefix}:live`,
      slots: SLOTS,
      dayZones: [],
      retention: { minuteHours: 25, hourDays: 1, dayDays: 2 }
    })
    const bus = createBus(this.configuration, null, ['packets.enriched', 'packets.rejected'], this.#log)
    const aggregator = new Aggregator({
      bus,
      group: `calm-${this.configuration.topicPrefix}`,
      store,
      flushIntervalMs: 200,
      flushPackets: 1_000_000,
      counters: new AggregatorCounters(true),
      nowMs: Date.now,
      log: this.#log,
      onFailure: this.#fail
    })
    await this.#started([store, bus, aggregator])
    await this.#untilRead(store)
    return await keptCounts(store)
  }

  async #untilRead(store: RedisStore): Promise<void> {
    const enriched = await this.bus.endOffsets('packets.enriched')
    await eventually(
      `everything is counted, up to ${enriched.join()}`,
      () => this.#offsetsOf(store),
      (offsets) => enriched.every((end, partition) => offsets[partition]! >= end),
      DRAIN_LIMIT_MS
    )
  }

  async #offsetsOf(store: RedisStore): Promise<number[]> {
    const ends = await this.bus.endOffsets('packets.enriched')
    return await store.countedUpTo('packets.enriched', ends.length)
  }

  async #withStore<T>(store: RedisStore, use: (store: RedisStore) => Promise<T>): Promise<T> {
    await store.start()
    try {
      return await use(store)
    } finally {
      await store.stop()
    }
  }
}
