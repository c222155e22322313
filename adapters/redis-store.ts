// Counts in Redis. Everything that must happen together happens in one script of one slot; see redis/*.lua.
import { StormpetrelError } from '../core/errors.ts'
import type { Redis } from 'ioredis'
import { checkSlotRequest, checkSpans, partitionKey } from '../core/fence/slot-request.ts'
import type { ExportedWindow } from '../core/counts/exported-window.ts'
import type {
  CountedUpTo,
  CountStore,
  LateTotals,
  Ledger,
  PutOutcome,
  SensorTotals,
  SlotOutcome,
  SlotRequest,
  StoreMemory,
  VantageWindow
} from '../core/store/count-store.ts'
import { joinLedgers, joinTotals } from '../core/store/ledger.ts'
import { countedBeforeSeconds, keepUntilSeconds, type Retention } from '../core/store/retention.ts'
import { isKept, isWanted, newSettings, type StoreSettings, zonesKept } from '../core/store/store-settings.ts'
import { CountTable } from '../core/windows/count-table.ts'
import { namedSeries, type WantedKinds } from '../core/windows/series.ts'
import { windowEndSeconds } from '../core/windows/time-zone.ts'
import type { Window } from '../core/windows/window.ts'
import { applyArguments } from './redis/apply-arguments.ts'
import {
  addressOf,
  endConnection,
  makeConnection,
  mastersOf,
  orRedisError,
  type RedisConnection
} from './redis/connection.ts'
import type { Finding } from './topics/topic-rules.ts'
import {
  layoutFindings,
  readLayout,
  settingsKey,
  settleLayout,
  type StoreLayout,
  type WantedLayout
} from './redis/layout.ts'
import { fullestOf, readServerMemory } from './redis/server-memory.ts'
import { readServerFacts, refuseUnsafeServer, serverFindings } from './redis/server-rules.ts'
import { readLedger } from './redis/read-ledger.ts'
import { outcomeOf, totalsOf } from './redis/replies.ts'
import { loadScripts, runScript } from './redis/scripts.ts'
import { closeSources } from './redis/close-sources.ts'
import {
  readCounts,
  readSensorHour,
  readSensorsAt,
  readStarts,
  readVantageWindows
} from './redis/read-counts.ts'
import { readSources } from './redis/read-sources.ts'
import { PutStarts, putWindow, readWatermark } from './redis/put-window.ts'
import { LogRewriter } from './redis/rewrite.ts'
import { forgetStarts, rollSlot } from './redis/roll.ts'
import { type SlotKeys, slotKeys } from './redis/slot-keys.ts'
import { trimmedUpTo, trimSensorHours } from './redis/trim-sensors.ts'

/** Where the store lies in Redis, and what is wanted of it. */
export interface RedisStoreOptions {
  /** redis:// or rediss://, with user, password and database where needed. */
  readonly url: string
  /** In front of every key: `stormpetrel:live`, or `stormpetrel:run:<id>`. Holds no braces. */
  readonly namespace: string
  /** `write` makes the store, or writes what changed in its settings, at the start; `read` never writes anything. */
  readonly access?: 'read' | 'write'
  /** Of a store that is made now; a reader, and a run, take those that are stored. */
  readonly slots?: number
  /** IANA names of the time zones whose days are counted besides UTC's. */
  readonly dayZones: readonly string[]
  /** Null keeps everything (a run). */
  readonly retention: Retention | null
  /** Seen numbers of a lane are kept this long after its last batch: the spool's age limit plus topic retention. */
  readonly laneDays?: number
  /** Told of a key that cannot be read while the rest is kept in order. */
  readonly onUnreadable?: (what: string, error: unknown) => void
  /** A command without an answer for this long fails with SP_REDIS. */
  readonly commandTimeoutMs?: number
}

/** What cannot be read is told of this often. */
const TELL_AGAIN_MS = 600_000
const MOST_TOLD = 10_000

/** A CountStore on one Redis, version 7. Every method throws SP_REDIS where Redis cannot be reached or refuses. */
export class RedisStore implements CountStore {
  readonly #options: RedisStoreOptions
  readonly #wanted: WantedLayout
  #redis: RedisConnection
  /** Null until it is read: a reader may be there before any aggregator made the store. */
  #layout: StoreLayout | null = null
  #keys: readonly SlotKeys[] = []
  #rewriter: LogRewriter
  #putStarts: PutStarts | null = null
  /** When each thing that cannot be read was told of. */
  readonly #toldMs = new Map<string, number>()

  constructor(options: RedisStoreOptions) {
    const { slots = 4, dayZones, retention } = options
    this.#options = options
    this.#wanted = { slots, dayZones, retention }
    this.#redis = this.#makeConnection()
    this.#rewriter = this.#makeRewriter()
    this.#open(null)
  }

  get slots(): number {
    return this.#keys.length
  }

  /**
   * Throws SP_STORE_LAYOUT where the namespace's counts are divided otherwise, and for `write` SP_REDIS_SETTINGS where
   * Redis would lose counts. After an error it can be tried again; where
   * it was started before, the connection is made anew.
   */
  async start(): Promise<void> {
    const { namespace, access = 'write' } = this.#options
    if (this.#redis.status !== 'wait') {
      await endConnection(this.#redis)
      this.#redis = this.#makeConnection()
      this.#rewriter = this.#makeRewriter()
    }
    try {
      await orRedisError(this.#redis, 'start', async () => {
        await this.#redis.connect()
        if (access === 'read') {
          this.#open(await readLayout(this.#redis, namespace))
          return
        }
        for (const node of mastersOf(this.#redis)) refuseUnsafeServer(await readServerFacts(node))
        await loadScripts(this.#redis)
        this.#open(await settleLayout(this.#redis, namespace, this.#wanted))
      })
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    await endConnection(this.#redis)
  }

  /** What keeps aggregators from working on this store, or endangers its counts; for people. */
  async findings(): Promise<Finding[]> {
    return await this.#run('check', async () => {
      const facts = await Promise.all(mastersOf(this.#redis).map(readServerFacts))
      const found = facts.flatMap(serverFindings)
      if (this.#layout === null) return found
      const { namespace } = this.#options
      return [...found, ...layoutFindings(this.#redis, namespace, this.#layout, this.#wanted)]
    })
  }

  async nextOffset(topic: string, partition: number): Promise<number> {
    const field = partitionKey({ topic, partition })
    return await this.#run('next offset', async () => {
      const stored = await this.#perSlot((keys) => this.#redis.hget(keys.offsets, field))
      return Math.min(...stored.map((offset) => Number(offset ?? 0)))
    })
  }

  async countedUpTo(topic: string, partitions: number): Promise<number[]> {
    const fields = Array.from({ length: partitions }, (_, partition) => partitionKey({ topic, partition }))
    if (fields.length === 0) return []
    return await this.#run('offsets', async () => {
      const stored = await this.#perSlot((keys) => this.#redis.hmget(keys.offsets, ...fields))
      return fields.map((_, index) => Math.min(...stored.map((offsets) => Number(offsets[index] ?? 0))))
    })
  }

  async applySlot(request: SlotRequest): Promise<SlotOutcome> {
    checkSlotRequest(request, this.slots)
    const { laneDays = 30 } = this.#options
    const retention = this.#retention
    const laneSeconds = retention === null ? 0 : laneDays * 86_400
    const { keys, args } = applyArguments(request, this.#keys[request.slot]!, retention, laneSeconds)
    const answer = await this.#run('apply', () => runScript(this.#redis, 'apply-slot', keys, args))
    return outcomeOf(answer as (string | number)[], request)
  }

  async trim(topic: string, partition: number, toOffset: number): Promise<void> {
    checkSpans([{ topic, partition, from: 0, to: toOffset }])
    const args = [partitionKey({ topic, partition }), toOffset]
    await this.#run('trim', () =>
      this.#perSlot(({ offsets, lostRecords }) =>
        runScript(this.#redis, 'trim-offsets', [offsets, lostRecords], args)
      )
    )
  }

  async roll(pastSeconds: number): Promise<void> {
    await this.#run('roll', async () => {
      // Another aggregator may have added zones since this one began.
      const layout = await readLayout(this.#redis, this.#options.namespace)
      const { retention, zones } = settingsOf(layout, this.#wanted)
      const [redis, rewriter, onUnreadable] = [this.#redis, this.#rewriter, this.#onUnreadable]
      for (const keys of this.#keys) {
        await rollSlot({ redis, zones, retention, rewriter, onUnreadable }, keys, pastSeconds)
        await rewriter.settle(keys, pastSeconds)
        if (retention !== null) await forgetStarts(redis, keys, retention, await this.#now())
      }
    })
  }

  async closeSources(watermarkSeconds: number, counted: readonly CountedUpTo[]): Promise<void> {
    const retention = this.#retention
    if (retention === null) return
    await this.#run('close sources', () => {
      const [redis, slots, onUnreadable] = [this.#redis, this.#keys, this.#onUnreadable]
      return closeSources({ redis, slots, retention, onUnreadable }, watermarkSeconds, counted)
    })
  }

  async trimSensorHours(watermarkSeconds: number): Promise<void> {
    await this.#run('trim sensor hours', () =>
      trimSensorHours(this.#redis, this.#keys, watermarkSeconds, this.#onUnreadable)
    )
  }

  async putWindow(exported: ExportedWindow): Promise<PutOutcome> {
    const retention = this.#retention
    if (retention === null) throw new RangeError('a run counts what it plays, and takes no windows')
    return await this.#run('put window', async () => {
      const now = await this.#now()
      const { window } = exported
      this.#putStarts ??= new PutStarts(this.#redis, this.#keys)
      const before = countedBeforeSeconds(window.size, await this.#putStarts.watermarkSeconds(), now)
      if (windowEndSeconds(window) > before) return 'not-over'
      const settings = this.#layout?.settings
      if (settings !== undefined && !isWanted(window, settings, now)) return 'not-kept'
      return await putWindow(this.#redis, this.#keys, this.#putStarts, retention, exported)
    })
  }

  async settings(): Promise<StoreSettings> {
    const { namespace, access = 'write' } = this.#options
    return await orRedisError(this.#redis, 'settings', async () => {
      const layout = await readLayout(this.#redis, namespace)
      if (layout !== null) {
        if (access === 'read') this.#open(layout)
        return layout.settings
      }
      if (access === 'read') throw emptyStore(this.#redis, namespace)
      // Redis has lost everything. The counts are read again from the bus, and this is said again with them.
      return (await settleLayout(this.#redis, namespace, this.#wanted)).settings
    })
  }

  async nowSeconds(): Promise<number> {
    return await this.#run('time', () => this.#now())
  }

  async windows(size: Window['size'], zone: string, vantage: string): Promise<number[]> {
    return await this.#run('windows', async () => {
      const now = await this.#now()
      if (!settingsOf(this.#layout, this.#wanted).zones.includes(zone)) return []
      const lists = await this.#perSlot((keys) => readStarts(this.#redis, keys, { size, zone }, vantage))
      return [...new Set(lists.flat())]
        .filter((startSeconds) => this.#isKept({ size, zone, startSeconds }, now))
        .sort((a, b) => a - b)
    })
  }

  async vantages(): Promise<string[]> {
    return await this.#run('vantages', async () => {
      const now = await this.#now()
      const { zones } = settingsOf(this.#layout, this.#wanted)
      const windows = await this.#perSlot((keys) => readVantageWindows(this.#redis, keys, zones))
      const kept = windows.flat().filter((window) => this.#isKept(window, now))
      return [...new Set(kept.map(({ vantage }) => vantage))].sort()
    })
  }

  async packets(window: VantageWindow, isWanted?: WantedKinds): Promise<Map<string, number>> {
    return await this.#run('packets', async () => {
      const table = new CountTable()
      if (this.#isExpired(window, await this.#now())) return new Map()
      await this.#perSlot((keys) => readCounts(this.#redis, keys, window, table))
      return namedSeries(table.series(isWanted))
    })
  }

  async sources(window: VantageWindow, series: readonly string[]): Promise<Map<string, number>> {
    return await this.#run('sources', () => readSources(this.#redis, this.#keys, window, series))
  }

  async sensorPackets(startSeconds: number): Promise<Map<string, Map<string, number>>> {
    return await this.#run('sensor packets', async () => {
      if (this.#isExpired({ size: 'hour', startSeconds }, await this.#now())) return new Map()
      const hours = await this.#perSlot((keys) => readSensorHour(this.#redis, keys, startSeconds))
      return new Map(
        hours.flatMap((hour) => [...hour].map(([sensor, { table }]) => [sensor, namedSeries(table.series())]))
      )
    })
  }

  async sensorsAt(startSeconds: number): Promise<string[]> {
    return await this.#run('sensors', async () => {
      if (this.#isExpired({ size: 'hour', startSeconds }, await this.#now())) return []
      return (await this.#perSlot((keys) => readSensorsAt(this.#redis, keys, startSeconds))).flat().sort()
    })
  }

  async trimmedUpToSeconds(): Promise<number | null> {
    return await this.#run('trimmed hours', () => trimmedUpTo(this.#redis, this.#keys))
  }

  async sensorTotals(): Promise<SensorTotals[]> {
    return await this.#run('totals', async () => {
      const totals = await this.#perSlot((keys) => this.#redis.hgetall(keys.totals))
      return joinTotals(totals.map(totalsOf))
    })
  }

  async ledger(): Promise<Ledger> {
    return await this.#run('ledger', async () =>
      joinLedgers(await this.#perSlot((keys) => readLedger(this.#redis, keys)))
    )
  }

  async lateTotals(): Promise<LateTotals> {
    return await this.#run('late totals', async () => {
      const expiredPackets = { minute: 0, hour: 0, day: 0 }
      const lateSources = { minute: 0, hour: 0, day: 0 }
      const totals = await this.#perSlot((keys) => this.#redis.hgetall(keys.totals))
      const late = await this.#perSlot((keys) => this.#redis.hgetall(keys.lateSources))
      for (const size of ['minute', 'hour', 'day'] as const) {
        for (const hash of totals) expiredPackets[size] += Number(hash[`expired:${size}`] ?? 0)
        for (const hash of late) lateSources[size] += Number(hash[size] ?? 0)
      }
      return { expiredPackets, lateSources }
    })
  }

  async watermarkSeconds(): Promise<number> {
    return await this.#run('watermark', () => readWatermark(this.#redis, this.#keys))
  }

  async sensorWatermarks(): Promise<Map<string, number>> {
    return await this.#run('watermarks', async () => {
      const watermarks = await this.#perSlot((keys) => this.#redis.hgetall(keys.watermarks))
      return new Map(
        watermarks.flatMap((hash) =>
          Object.entries(hash).map(([sensor, seconds]) => [sensor, Number(seconds)])
        )
      )
    })
  }

  async memory(): Promise<StoreMemory | null> {
    return await this.#run('memory', async () =>
      fullestOf(await Promise.all(mastersOf(this.#redis).map(readServerMemory)))
    )
  }

  /** Deletes the settings last: until then another `clear` can finish the work. `start` again before writing. */
  async clear(): Promise<void> {
    await orRedisError(this.#redis, 'clear', async () => {
      const settings = settingsKey(this.#options.namespace)
      const pattern = `${this.#options.namespace.replaceAll(/[?*[\]\\^-]/g, '\\$&')}:*`
      for (const node of mastersOf(this.#redis)) await this.#clearNode(node, pattern, settings)
      await this.#redis.unlink(settings)
      this.#putStarts = null
    })
  }

  async #clearNode(node: Redis, pattern: string, settings: string): Promise<void> {
    let cursor = '0'
    do {
      const [next, found] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', 5000)
      // Keys of several slots are deleted one by one: a cluster takes no command of more than one.
      await Promise.all(found.filter((key) => key !== settings).map((key) => this.#redis.unlink(key)))
      cursor = next
    } while (cursor !== '0')
  }

  /** Every round finds it again: an operator is told now and then. */
  readonly #onUnreadable = (what: string, error: unknown): void => {
    const now = Date.now()
    const last = this.#toldMs.get(what)
    if (last !== undefined && now >= last && now < last + TELL_AGAIN_MS) return
    if (this.#toldMs.size >= MOST_TOLD) this.#toldMs.clear()
    this.#toldMs.set(what, now)
    this.#options.onUnreadable?.(what, error)
  }

  #makeRewriter(): LogRewriter {
    return new LogRewriter(this.#redis, this.#onUnreadable)
  }

  /** What waits to be put to a window is in none that is forgotten meanwhile. */
  #isExpired(window: Pick<Window, 'size' | 'startSeconds'>, nowSeconds: number): boolean {
    const keptUntil = keepUntilSeconds(window, this.#retention)
    return keptUntil > 0 && keptUntil <= nowSeconds
  }

  #makeConnection(): RedisConnection {
    return makeConnection(this.#options.url, this.#options.commandTimeoutMs ?? 30_000)
  }

  async #now(): Promise<number> {
    return Number((await this.#redis.time())[0])
  }

  /** Takes a layout, or what is wanted where there is none yet. */
  #open(layout: StoreLayout | null): void {
    // They are of the connection and the keys of before.
    this.#putStarts = null
    const { slots } = layout ?? this.#wanted
    this.#layout = layout
    this.#keys = Array.from({ length: slots }, (_, slot) => slotKeys(this.#options.namespace, slot))
  }

  get #retention(): Retention | null {
    return this.#layout === null ? this.#wanted.retention : this.#layout.settings.retention
  }

  #isKept(window: Window, now: number): boolean {
    return this.#layout === null || isKept(window, this.#layout.settings, now)
  }

  #perSlot<T>(read: (keys: SlotKeys) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#keys.map(read))
  }

  /** Where a reader was there before the store, it looks again whether the store is there now. */
  #run<T>(what: string, action: () => Promise<T>): Promise<T> {
    return orRedisError(this.#redis, what, async () => {
      if (this.#layout === null) {
        const layout = await readLayout(this.#redis, this.#options.namespace)
        if (layout !== null) this.#open(layout)
      }
      return await action()
    })
  }
}

/** What is kept, and the days of which zones. */
function settingsOf(
  layout: StoreLayout | null,
  wanted: WantedLayout
): { readonly retention: Retention | null; readonly zones: readonly string[] } {
  const settings = layout?.settings ?? newSettings(wanted)
  return { retention: settings.retention, zones: zonesKept(settings) }
}

function emptyStore(redis: RedisConnection, namespace: string): StormpetrelError {
  return new StormpetrelError(
    'SP_STORE_EMPTY',
    `redis ${addressOf(redis)} has no counts under ${namespace}: no aggregator has worked there yet; ` +
      "start 'stormpetrel aggregator', or mend STORMPETREL_REDIS_URL or STORMPETREL_TOPIC_PREFIX"
  )
}
