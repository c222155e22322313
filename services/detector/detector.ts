// The detector: judges each hour once, when it is counted, keeps what it knows and what it has to tell in one step, and tells
// it. Of several one judges, by a lease; any of them may die at any moment.
import { randomUUID } from 'node:crypto'
import type { Log } from '../../adapters/log.ts'
import type { Bus } from '../../core/bus.ts'
import { type ErrorCode, StormpetrelError } from '../../core/errors.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import type { HourlyJudge, JudgedSurge } from '../../core/surges/hourly-judge.ts'
import { SurgeBook } from '../../core/surges/surge-book.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import type { SurgeStore } from '../../core/surges/surge-store.ts'
import type { Sensor } from '../../core/telescope/sensor-list.ts'
import type { DetectorCounters } from './metrics.ts'
import { readDrivers } from './read-drivers.ts'
import { liveDarkAddressesOf, readHour } from './read-hour.ts'
import { changesAtEnd } from './topic-end.ts'

/** What a detector reads, where it keeps what it knows, and whom it tells. */
export interface DetectorOptions {
  readonly counts: CountStore
  readonly surges: SurgeStore
  readonly bus: Bus
  /** Consumer group for reading the topic's end. */
  readonly group: string
  readonly sensors: readonly Sensor[]
  /** A judge that knows what `parts` say, or nothing where they are null or of another version. */
  readonly makeJudge: (parts: readonly Uint8Array[] | null) => HourlyJudge
  /** Pages that may come out of nothing, over all series. */
  readonly pagesPerQuarter: number
  readonly counters: DetectorCounters
  readonly log: Log
  /** Called for what does not pass; the process must then exit. */
  readonly onFailure: (error: Error) => void
  /** Between two looks at the store; default a minute. */
  readonly intervalMs?: number
}

const INTERVAL_MS = 60_000
/** A detector that died is replaced after this time: three looks. */
const LEASE_INTERVALS = 3
const HOUR_SECONDS = 3600
/** A detector that was away, or begins, judges many hours: what it knows is not written for each of them. */
const HOURS_A_SAVE = 24
/** A sensor that is this late does not hold up the judgement of an hour: what it sends then marks no surge. */
const GRACE_SECONDS = 900
/** How much of the topic is looked at beside what waits to be sent. */
const RECENT_CHANGES = 64
const PASSING: ReadonlySet<ErrorCode> = new Set(['SP_REDIS', 'SP_REDIS_FULL', 'SP_KAFKA', 'SP_STORE_EMPTY'])

/** What the holder of the lease knows. */
interface Judging {
  readonly lease: number
  readonly judge: HourlyJudge
  readonly book: SurgeBook
  judgedUpToSeconds: number
  /** Changes that are saved and may not be sent yet, the oldest first. */
  outbox: readonly SurgeChange[]
}

/** `start` begins the rounds; `stop` ends them after the one at hand, and gives the lease back. */
export class Detector {
  readonly #options: DetectorOptions
  readonly #holder = randomUUID()
  #judging: Judging | null = null
  #timer: NodeJS.Timeout | null = null
  #work: Promise<void> = Promise.resolve()
  #isStopping = false

  constructor(options: DetectorOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#work
    const judging = this.#judging
    this.#forget()
    if (judging !== null) await this.#options.surges.release(judging.lease)
  }

  #schedule(afterMs: number): void {
    if (this.#isStopping) return
    this.#timer = setTimeout(() => {
      this.#work = this.#round()
        .catch((error: unknown) => this.#takeError(error))
        .finally(() => this.#schedule(this.#intervalMs))
    }, afterMs)
  }

  get #intervalMs(): number {
    return this.#options.intervalMs ?? INTERVAL_MS
  }

  /** What was in memory may be more than was saved: the next round begins from what is stored. */
  #takeError(error: unknown): void {
    const { log, counters, onFailure } = this.#options
    this.#forget()
    counters.failedRounds += 1
    if (!(error instanceof StormpetrelError) || !PASSING.has(error.code)) {
      this.#isStopping = true
      onFailure(error instanceof Error ? error : new Error(String(error)))
      return
    }
    log('warn', 'the detector could not finish its round; trying again', { error: error.message })
  }

  async #round(): Promise<void> {
    const lease = await this.#renewed()
    if (lease === null) {
      this.#forget()
      return
    }
    if (this.#judging?.lease !== lease) this.#judging = await this.#take(lease)
    const judging = this.#judging
    await this.#send(judging)
    while (!this.#isStopping && (await this.#judgeSome(judging))) {
      await this.#send(judging)
      if ((await this.#renewed()) !== lease) {
        this.#forget()
        return
      }
    }
    if (!this.#isStopping && this.#judging === judging && (await this.#raiseEarly(judging)))
      await this.#send(judging)
  }

  /** The number of the lease from now on; null where another one has it. */
  #renewed(): Promise<number | null> {
    return this.#options.surges.lease(this.#holder, LEASE_INTERVALS * this.#intervalMs)
  }

  /** Begins from what is stored, less what the topic's end holds already. */
  async #take(lease: number): Promise<Judging> {
    const { surges, bus, group, makeJudge, pagesPerQuarter, log } = this.#options
    const saved = await surges.load()
    const known = await surges.surges()
    const waiting = saved?.outbox ?? []
    const newest = waiting.length === 0 ? [] : await changesAtEnd(bus, group, waiting.length + RECENT_CHANGES)
    const sent = new Set(newest.map(({ id }) => id))
    const first = waiting.findIndex(({ id }) => !sent.has(id))
    const done = first < 0 ? waiting.length : first
    if (done > 0) await surges.sent(lease, done)
    log('info', 'this detector judges', { lease, judgedUpToSeconds: saved?.judgedUpToSeconds ?? null })
    return {
      lease,
      judge: makeJudge(saved?.parts ?? null),
      book: new SurgeBook(known, pagesPerQuarter),
      judgedUpToSeconds: saved?.judgedUpToSeconds ?? 0,
      outbox: waiting.slice(done)
    }
  }

  /** Looks at the hour under way: what is a surge by what has come of it is told at once. True where there was any. */
  async #raiseEarly(judging: Judging): Promise<boolean> {
    const { counts, sensors } = this.#options
    const { judge, book, judgedUpToSeconds } = judging
    if (judgedUpToSeconds === 0) return false
    const reading = await readHour(counts, sensors, judgedUpToSeconds)
    // Sensors that have not sent anything of it yet are there all the same.
    const before = await liveDarkAddressesOf(counts, sensors, judgedUpToSeconds - HOUR_SECONDS)
    const darkAddresses = Math.max(reading.darkAddresses, before)
    const end = judgedUpToSeconds + HOUR_SECONDS
    const raised = book.newOnes(judge.peek({ ...reading, darkAddresses }))
    const changes = book.raise(await this.#explained(raised, end), end, judge.series)
    return changes.length > 0 && (await this.#keep(judging, judgedUpToSeconds, changes))
  }

  /** The hour that is to be judged after those up to then, by its start; null where none is due. */
  async #dueHour(judgedUpToSeconds: number): Promise<number | null> {
    const { counts } = this.#options
    const start = judgedUpToSeconds > 0 ? judgedUpToSeconds : await this.#firstHour()
    if (start === null) return null
    const end = start + HOUR_SECONDS
    const [watermark, now] = [await counts.watermarkSeconds(), await counts.nowSeconds()]
    // A clock that is ahead in one sensor must not close an hour for the others.
    return Math.min(watermark, now) >= end || now >= end + GRACE_SECONDS ? start : null
  }

  async #firstHour(): Promise<number | null> {
    return (await this.#options.counts.windows('hour', 'UTC', 'all'))[0] ?? null
  }

  /** Judges what is due, a day of it at most, and keeps it. False where nothing was due, or another one judges by now. */
  async #judgeSome(judging: Judging): Promise<boolean> {
    const { counts, sensors } = this.#options
    const { judge, book } = judging
    const changes: SurgeChange[] = []
    let { judgedUpToSeconds } = judging
    for (let hours = 0; hours < HOURS_A_SAVE; hours++) {
      const start = await this.#dueHour(judgedUpToSeconds)
      if (start === null) break
      judgedUpToSeconds = start + HOUR_SECONDS
      const judged = judge.judge(await readHour(counts, sensors, start))
      const explained = await this.#explained(judged, judgedUpToSeconds)
      changes.push(...book.enter(explained, judgedUpToSeconds, judge.series))
    }
    this.#show(judging)
    return (
      judgedUpToSeconds > judging.judgedUpToSeconds && (await this.#keep(judging, judgedUpToSeconds, changes))
    )
  }

  /** Keeps what is known now, with what is to be told of it. False where another one judges by now. */
  async #keep(
    judging: Judging,
    judgedUpToSeconds: number,
    changes: readonly SurgeChange[]
  ): Promise<boolean> {
    const hour = { judgedUpToSeconds, parts: judging.judge.toParts(), changes }
    if (!(await this.#options.surges.save(judging.lease, hour))) {
      this.#forget()
      return false
    }
    judging.judgedUpToSeconds = judgedUpToSeconds
    judging.outbox = [...judging.outbox, ...changes]
    this.#show(judging)
    return true
  }

  /** What opens is told with what drives it. */
  async #explained(judged: readonly JudgedSurge[], hourEndSeconds: number): Promise<JudgedSurge[]> {
    const explained: JudgedSurge[] = []
    for (const each of judged) {
      const { series, onsetSeconds } = each
      if (each.state !== 'open' || each.kind === 'heavy-hitter') explained.push(each)
      else {
        const drivers = await readDrivers(this.#options.counts, series, onsetSeconds, hourEndSeconds)
        explained.push({ ...each, drivers })
      }
    }
    return explained
  }

  /** At least once: whoever dies in between sends the same ids again. */
  async #send(judging: Judging): Promise<void> {
    const { bus, surges, counters } = this.#options
    const { outbox, lease } = judging
    if (outbox.length === 0) return
    await bus.publish('surges', 0, outbox)
    counters.sentChanges += outbox.length
    await surges.sent(lease, outbox.length)
    judging.outbox = []
  }

  #show({ judge, book, judgedUpToSeconds, outbox }: Judging): void {
    const { counters } = this.#options
    counters.isJudging = true
    if (judgedUpToSeconds > 0) counters.judgedUpToSeconds = judgedUpToSeconds
    counters.series = judge.series
    counters.waitingChanges = outbox.length
    counters.open = book.open
  }

  #forget(): void {
    this.#judging = null
    const { counters } = this.#options
    counters.isJudging = false
    counters.open = []
  }
}
