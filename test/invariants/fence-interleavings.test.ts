// Two aggregators that both believe they hold the partition, on one real Redis: whatever the order of their calls, the
// answers that are lost and the data that Redis loses, each name is counted once, with all its sources.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { Redis } from 'ioredis'
import { InProcessBus } from '../../adapters/in-process-bus.ts'
import { RedisStore } from '../../adapters/redis-store.ts'
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import type { BusRecord } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { CountStore, Ledger, SlotRequest } from '../../core/store/count-store.ts'
import { unexplainedFrames } from '../../core/store/ledger.ts'
import { CountFlush } from '../../services/aggregator/count-flush.ts'
import { ENRICHED, type FlushContents, flushContents } from '../../services/aggregator/flush-contents.ts'
import { AggregatorCounters } from '../../services/aggregator/metrics.ts'
import { enrichedBatch } from '../builders/batches.ts'
import { sharedRedis } from '../stack/shared-stack.ts'

const SECONDS = 1_655_000_000
const DAY = { size: 'day', zone: 'UTC', startSeconds: SECONDS - (SECONDS % 86_400), vantage: 'all' } as const

let url: string
let redis: Redis

beforeAll(async () => {
  url = await sharedRedis()
  redis = new Redis(url)
})

afterAll(async () => {
  await redis.quit()
})

/** What one call to the store may meet: nothing, an answer that is lost, or a request that never arrives. */
type Fate = 'answered' | 'answer lost' | 'never arrived'

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fc.constant('answered' as const) },
  { weight: 1, arbitrary: fc.constant('answer lost' as const) },
  { weight: 1, arbitrary: fc.constant('never arrived' as const) }
)

/** What an aggregator does next. `begin` reads on; what is in hand already is tried again first, however old it is. */
type Step =
  | { readonly kind: 'begin'; readonly records: number }
  | { readonly kind: 'assigned' }
  /** Housekeeping begins to put what was counted to its windows, and goes on beside whatever comes next. */
  | { readonly kind: 'roll' }
  | { readonly kind: 'died' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.integer({ min: 1, max: 4 }).map((records) => ({ kind: 'begin' as const, records }))
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'assigned' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'roll' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'died' as const }) }
)

/**
 * What befalls Redis: `restore` puts back the newest `copy`, or nothing at all where there is none; `restore one` does so in
 * one slot only, as on one node of a cluster.
 */
type Disaster = 'copy' | 'restore' | 'restore one' | 'flush'

interface Scenario {
  readonly log: readonly LogEntry[]
  readonly steps: readonly [readonly Step[], readonly Step[]]
  readonly fates: readonly Fate[]
  /** Before which call to the store. */
  readonly disasters: readonly { readonly atCall: number; readonly kind: Disaster }[]
  /** Which of the two goes on next, call by call. */
  readonly picks: readonly boolean[]
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  /** A number of one of the sensors, some twice as a tagger's second try, some with other contents. */
  log: fc.array(
    fc.record({
      sensor: fc.constantFrom('a', 'b'),
      number: fc.integer({ min: 1, max: 6 }),
      isOther: fc.nat(9).map((one) => one === 0)
    }),
    { minLength: 1, maxLength: 12 }
  ),
  steps: fc.tuple(fc.array(step, { maxLength: 8 }), fc.array(step, { maxLength: 8 })),
  fates: fc.array(fate, { maxLength: 40 }),
  disasters: fc.array(
    fc.record({
      atCall: fc.nat(50),
      kind: fc.constantFrom<Disaster>('copy', 'restore', 'restore one', 'restore one', 'flush')
    }),
    { maxLength: 4 }
  ),
  picks: fc.array(fc.boolean(), { minLength: 1, maxLength: 60 })
})

interface LogEntry {
  readonly sensor: string
  readonly number: number
  readonly isOther: boolean
}

/** Ten frames a number; a name that is used with other contents has other packets. */
function recordOf({ sensor, number, isOther }: LogEntry, offset: number): BusRecord<EnrichedBatch> {
  const base = (sensor === 'a' ? 1000 : 1020) + number * 10 + (isOther ? 5000 : 0)
  const packets = Array.from({ length: 10 }, (_, i) => ({ seconds: SECONDS, src: base + i }))
  const value = enrichedBatch(packets, {
    name: { sensor, epoch: 'ab', lane: 0, number },
    digest: isOther ? 'other' : 'same',
    framesBefore: (number - 1) * 10
  })
  return {
    offset,
    appendedAtMs: SECONDS * 1000,
    headerName: null,
    delivered: { kind: 'value', value, sizeBytes: 0 }
  }
}

/** Lets one of two go on at a time, from one call to its next, as the picks say. */
class Turns {
  readonly #picks: readonly boolean[]
  readonly #waiting: (() => void)[] = []
  #taken = 0
  #living = 2

  constructor(picks: readonly boolean[]) {
    this.#picks = picks
  }

  take(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#next()
    })
  }

  leave(): void {
    this.#living -= 1
    this.#next()
  }

  #next(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#living) return
    const isFirst = this.#picks[this.#taken++ % this.#picks.length]!
    const chosen = isFirst ? this.#waiting.shift() : this.#waiting.pop()
    chosen!()
  }
}

/** A store whose calls wait for their turn, and whose answers may be lost. */
function troubled(store: RedisStore, before: () => Promise<Fate>): CountStore {
  const call = async <T>(action: () => Promise<T>): Promise<T> => {
    const fate = await before()
    if (fate === 'never arrived') throw new StormpetrelError('SP_REDIS', fate)
    const answer = await action()
    if (fate === 'answer lost') throw new StormpetrelError('SP_REDIS', fate)
    return answer
  }
  return new Proxy(store, {
    get(target, name) {
      const calls: Record<string | symbol, unknown> = {
        slots: target.slots,
        nextOffset: (topic: string, partition: number) => call(() => target.nextOffset(topic, partition)),
        applySlot: (request: SlotRequest) => call(() => target.applySlot(request)),
        roll: (pastSeconds: number) => target.roll(pastSeconds)
      }
      return calls[name]
    }
  })
}

/** An aggregator without its timers: what aggregator.ts does with a partition, a step at a time. */
class Actor {
  readonly #log: readonly BusRecord<EnrichedBatch>[]
  readonly #make: () => Promise<CountStore>
  readonly #counters: AggregatorCounters
  #flush: CountFlush | null = null
  #store: CountStore | null = null
  #next: number | null = null
  #inHand: FlushContents | null = null
  readonly #rolls: Promise<void>[] = []

  constructor(
    log: readonly BusRecord<EnrichedBatch>[],
    make: () => Promise<CountStore>,
    counters: AggregatorCounters
  ) {
    this.#log = log
    this.#make = make
    this.#counters = counters
  }

  async do(step: Step): Promise<void> {
    if (step.kind === 'died') {
      this.#flush = null
      this.#store = null
      this.#next = null
      this.#inHand = null
      return
    }
    try {
      await this.#open()
      if (step.kind === 'assigned' || this.#next === null) {
        this.#inHand = null
        this.#next = await this.#store!.nextOffset(ENRICHED, 0)
        this.#flush!.forgetSent()
      }
      if (step.kind === 'roll') this.#rolls.push(this.#store!.roll(SECONDS + 120))
      if (step.kind === 'begin') await this.#flushSome(step.records)
    } catch (error) {
      if (!(error instanceof StormpetrelError) || error.code !== 'SP_REDIS') throw error
      this.#flush?.forgetSent()
    }
  }

  async #open(): Promise<void> {
    if (this.#flush !== null) return
    this.#store = await this.#make()
    const bus = new InProcessBus({ partitions: 1, maxUnreadRecords: 1000, nowMs: () => 0 })
    const common = { counters: this.#counters, nowMs: () => 0 }
    this.#flush = new CountFlush({ bus, store: this.#store, ...common })
  }

  async #flushSome(count: number): Promise<void> {
    const from = this.#next!
    const records = this.#log.slice(from, from + count)
    const idle = records.length === 0 ? [{ topic: ENRICHED, partition: 0, from, to: from }] : []
    const taken = records.length === 0 ? [] : [{ partition: 0, from, records }]
    this.#inHand ??= flushContents(taken, idle, this.#counters)
    const outcome = await this.#flush!.run(this.#inHand)
    const to = this.#inHand.spans[0]!.to
    this.#inHand = null
    this.#next = outcome.kind === 'counted' ? to : (outcome.offsets.get(0) ?? 0)
    if (outcome.kind === 'rewind') {
      this.#counters.rewinds += 1
      this.#flush!.forgetSent()
    }
  }

  /** Reads to the end with nothing in the way, as after every storm. */
  async finish(): Promise<void> {
    await Promise.all(this.#rolls)
    await this.do({ kind: 'assigned' })
    for (let tries = 0; this.#next! < this.#log.length || tries < 2; tries++) {
      await this.do({ kind: 'begin', records: 4 })
      if (tries > 100) throw new Error('it does not come to its end')
    }
  }
}

function freshStore(namespace: string): RedisStore {
  return new RedisStore({ url, namespace, access: 'write', slots: 2, dayZones: [], retention: null })
}

/** What a calm aggregator makes of the same log: sketches estimate, so they are compared with sketches. */
async function calm(log: readonly BusRecord<EnrichedBatch>[]): Promise<Outcome> {
  const store = freshStore(`test:${randomUUID()}`)
  await store.start()
  await new Actor(log, () => Promise.resolve(store), new AggregatorCounters(false)).finish()
  const outcome = await outcomeOf(store)
  await store.clear()
  await store.stop()
  return outcome
}

interface Outcome {
  readonly packets: ReadonlyMap<string, number>
  readonly sources: ReadonlyMap<string, number>
  readonly ledger: Ledger
}

async function outcomeOf(store: CountStore): Promise<Outcome> {
  return {
    packets: await store.packets(DAY),
    sources: await store.sources(DAY, ['all', 'tag=']),
    ledger: await store.ledger()
  }
}

/** Takes and puts back all of a namespace in one step, whatever goes on beside it. */
const COPY = `
local copy = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  copy[#copy + 1] = key
  copy[#copy + 1] = redis.call('DUMP', key)
end
return copy`
const RESTORE = `
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end
for i = 2, #ARGV, 2 do redis.call('RESTORE', ARGV[i], 0, ARGV[i + 1]) end`

/** Those of a copy whose keys begin so, and what they held, as a Redis that starts from an older file has them. */
async function restore(prefix: string, copy: readonly Buffer[]): Promise<void> {
  const own = copy.filter((_, i) => copy[i - (i % 2)]!.toString().startsWith(prefix))
  await redis.eval(RESTORE, 0, `${prefix}*`, ...own)
}

async function copyOf(namespace: string): Promise<Buffer[]> {
  return (await redis.callBuffer('EVAL', [COPY, 0, `${namespace}:{*`])) as Buffer[]
}

test('each name is counted once with all its sources, whatever the order, the losses and the disasters', async () => {
  let rewinds = 0
  let repeats = 0
  const run = async ({ log: entries, steps, fates, disasters, picks }: Scenario): Promise<void> => {
    const log = entries.map(recordOf)
    const namespace = `test:${randomUUID()}`
    const stores: RedisStore[] = []
    const isStormy = { now: true }
    const turns = new Turns(picks)
    const left = [...fates]
    let copy: readonly Buffer[] = []
    let calls = 0
    const before = async (): Promise<Fate> => {
      if (!isStormy.now) return 'answered'
      await turns.take()
      for (const { kind } of disasters.filter(({ atCall }) => atCall === calls)) {
        if (kind === 'copy') copy = await copyOf(namespace)
        else if (kind === 'restore one') await restore(`${namespace}:{s0${calls % 2}}`, copy)
        else await restore(`${namespace}:{`, kind === 'flush' ? [] : copy)
      }
      calls += 1
      return left.pop() ?? 'answered'
    }
    const make = async (): Promise<CountStore> => {
      const store = freshStore(namespace)
      await store.start()
      stores.push(store)
      return troubled(store, before)
    }
    const counters = [new AggregatorCounters(false), new AggregatorCounters(false)]
    const actors = counters.map((own) => new Actor(log, make, own))
    const living = actors.map(async (actor, i) => {
      for (const one of steps[i]!) await actor.do(one)
      turns.leave()
    })
    await Promise.all(living)
    isStormy.now = false
    for (const actor of actors) await actor.finish()

    const expected = await calm(log)
    const [reader] = stores
    const { packets, sources, ledger } = await outcomeOf(reader!)
    await reader!.roll(Number.POSITIVE_INFINITY)
    expect((await outcomeOf(reader!)).packets).toEqual(packets)
    expect(packets).toEqual(expected.packets)
    expect(ledger).toEqual(expected.ledger)
    for (const totals of ledger.sensors) expect(unexplainedFrames(totals)).toBe(0)
    expect(sources).toEqual(expected.sources)
    rewinds += counters[0]!.rewinds + counters[1]!.rewinds
    repeats += counters[0]!.repeatedBatches + counters[1]!.repeatedBatches
    await reader!.clear()
    await Promise.all(stores.map((store) => store.stop()))
  }

  await fc.assert(fc.asyncProperty(scenario, run), {
    numRuns: Number(process.env.RUNS ?? 150),
    endOnFailure: true
  })
  // The storms did what they are there for.
  expect(rewinds).toBeGreaterThan(20)
  expect(repeats).toBeGreaterThan(20)
})
