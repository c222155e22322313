// The detector: judges each hour once, when it is counted, keeps what it knows and what it has to tell in one step, and tells
// it. Of several one judges, by a lease; any of them may die at any moment.
import { randomUUID } from 'node:crypto'
import type { Log } from '../../adapters/log.ts'
import type { Bus } from '../../core/bus.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import type { HourlyJudge, JudgedSurge } from '../../core/surges/hourly-judge.ts'
import { SurgeBook } from '../../core/surges/surge-book.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import type { SurgeStore } from '../../core/surges/surge-store.ts'
import type { Sensor } from '../../core/telescope/sensor-list.ts'
import { DueHours } from './due-hours.ts'
import type { DetectorCounters } from './metrics.ts'
import { Explainer } from './explain.ts'
import { Outbox } from './outbox.ts'
import { isPassing } from './passing.ts'
import { liveDarkAddressesOf, readHour } from './read-hour.ts'

/** What a detector reads, where it keeps what it knows, and whom it tells. */
export interface DetectorOptions {
  readonly counts: CountStore
  readonly surges: SurgeStore
  readonly bus: Bus
  /** Consumer group for reading the topic's end. */
  readonly group: string
  readonly sensors: readonly Sensor[]
  /** Whether drivers are looked for in a sample of packets.enriched, too. */
  readonly samplesPackets: boolean
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
  /** This machine's clock; default Date.now. */
  readonly nowMs?: () => number
}

const INTERVAL_MS = 60_000
/** A detector that died is replaced after this time: three looks, or three times its longest step. */
const LEASE_INTERVALS = 3
const LONGEST_LEASE_MS = 600_000
const HOUR_SECONDS = 3600
/** A detector that was away, or begins, judges many hours: what it knows is not written for each of them. */
const HOURS_A_SAVE = 24
/** What is judged for so long is kept before more is: whoever takes over does it again. */
const MS_A_SAVE = 10_000

/** What the holder of the lease knows. */
interface Judging {
  readonly lease: number
  readonly judge: HourlyJudge
  readonly book: SurgeBook
  judgedUpToSeconds: number
}

/** How a part of a round went. `lost`: another one judges by now, and what was not kept is its to do. */
type Step = 'done' | 'nothing-due' | 'lost'

/** `start` begins the rounds; `stop` ends them after the hour at hand, and gives the lease back. */
export class Detector {
  readonly #options: DetectorOptions
  readonly #dueHours: DueHours
  readonly #outbox: Outbox
  readonly #explainer: Explainer
  readonly #holder = randomUUID()
  #judging: Judging | null = null
  #timer: NodeJS.Timeout | null = null
  #work: Promise<void> = Promise.resolve()
  #isStopping = false
  #hasToldLeftOut = false
  /** Between two renewals of the lease. */
  #longestStepMs = 0
  #renewedAtMs = 0
  /** Of the hour before the one under way, which does not change any more. */
  #darkAddresses = { startSeconds: 0, count: 0 }

  constructor(options: DetectorOptions) {
    this.#options = options
    const { counts, bus, nowMs = Date.now } = options
    this.#dueHours = new DueHours({ counts, bus, nowMs })
    const packets = options.samplesPackets ? { bus, group: `${options.group}-sample` } : null
    this.#explainer = new Explainer({ counts, packets, nowMs, log: options.log })
    this.#outbox = new Outbox({ ...options, onFailure: (error) => this.#takeError(error) })
  }

  /** Rejects with SP_REDIS where the store cannot be reached. */
  async start(): Promise<void> {
    const { surges, counters } = this.#options
    // One that fails again and again must not seem to be up to date.
    counters.judgedUpToSeconds = (await surges.judgedUpToSeconds()) ?? counters.judgedUpToSeconds
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#work
    await this.#outbox.settled()
    const judging = this.#judging
    this.#giveUp()
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

  /**
   * What was in memory may be more than was saved: the next round begins from what is stored. What is shown stays, since a
   * store that does not answer for a moment ends no surge.
   */
  #takeError(error: unknown): void {
    const { log, counters, onFailure } = this.#options
    this.#judging = null
    counters.failedRounds += 1
    if (!isPassing(error)) {
      this.#isStopping = true
      onFailure(error instanceof Error ? error : new Error(String(error)))
      return
    }
    log('warn', 'the detector could not finish its round; trying again', { error: error.message })
  }

  async #round(): Promise<void> {
    const lease = await this.#renewed()
    if (lease === null) {
      this.#giveUp()
      return
    }
    if (this.#judging?.lease !== lease) this.#judging = await this.#take(lease)
    const judging = this.#judging
    let step: Step = 'done'
    while (step === 'done' && !this.#isStopping) {
      this.#outbox.send()
      step = await this.#judgeSome(judging)
    }
    if (step === 'nothing-due') {
      this.#showOpen(judging)
      step = await this.#raiseEarly(judging)
    }
    if (step === 'lost') this.#giveUp()
    else this.#outbox.send()
  }

  /** The number of the lease from now on; null where another one has it. */
  async #renewed(): Promise<number | null> {
    if (this.#judging !== null)
      this.#longestStepMs = Math.max(this.#longestStepMs, performance.now() - this.#renewedAtMs)
    // One whose steps are longer than its lease would lose it again and again, and so would the next.
    const wanted = LEASE_INTERVALS * Math.max(this.#intervalMs, this.#longestStepMs)
    const lease = await this.#options.surges.lease(
      this.#holder,
      Math.ceil(Math.min(LONGEST_LEASE_MS, wanted))
    )
    this.#renewedAtMs = performance.now()
    return lease
  }

  async #isStillMine({ lease }: Judging): Promise<boolean> {
    return (await this.#renewed()) === lease
  }

  /** Begins from what is stored. */
  async #take(lease: number): Promise<Judging> {
    const { surges, makeJudge, pagesPerQuarter, log, counters } = this.#options
    const saved = await surges.load()
    const judge = makeJudge(saved?.parts ?? null)
    const book = new SurgeBook(await surges.surges(), pagesPerQuarter)
    const judging = { lease, judge, book, judgedUpToSeconds: saved?.judgedUpToSeconds ?? 0 }
    book.refresh(judge.open())
    this.#outbox.begin(lease, saved?.outbox ?? [])
    counters.isJudging = true
    this.#show(judging)
    this.#showOpen(judging)
    log('info', 'this detector judges', { lease, judgedUpToSeconds: saved?.judgedUpToSeconds ?? null })
    return judging
  }

  /** Judges what is due, a day of it at most, and keeps it. */
  async #judgeSome(judging: Judging): Promise<Step> {
    const { judge } = judging
    const changes: SurgeChange[] = []
    const startedMs = performance.now()
    let { judgedUpToSeconds } = judging
    for (let hours = 0; hours < HOURS_A_SAVE && !this.#isStopping; hours++) {
      const start = await this.#dueHours.next(judgedUpToSeconds)
      if (start === null || performance.now() - startedMs > MS_A_SAVE) break
      if (!(await this.#isStillMine(judging))) return 'lost'
      judgedUpToSeconds = start + HOUR_SECONDS
      changes.push(...(await this.#judgeHour(judging, start)))
    }
    if (judgedUpToSeconds === judging.judgedUpToSeconds) return 'nothing-due'
    return await this.#keep(judging, { judgedUpToSeconds, parts: judge.toParts(), changes })
  }

  async #judgeHour(judging: Judging, startSeconds: number): Promise<SurgeChange[]> {
    const { counts, sensors } = this.#options
    const { judge, book } = judging
    const reading = await readHour(counts, sensors, startSeconds)
    this.#darkAddresses = { startSeconds, count: reading.darkAddresses }
    const hourEndSeconds = startSeconds + HOUR_SECONDS
    const judged = await this.#explained(judge.judge(reading), hourEndSeconds)
    return book.enter({ judged, open: judge.open(), hourEndSeconds, series: judge.series })
  }

  /** Looks at the hour under way: what is a surge by what has come of it is told at once. */
  async #raiseEarly(judging: Judging): Promise<Step> {
    const { counts, sensors } = this.#options
    const { judge, book, judgedUpToSeconds } = judging
    if (judgedUpToSeconds === 0) return 'nothing-due'
    const reading = await readHour(counts, sensors, judgedUpToSeconds, judge.smallestCount)
    // Sensors that have not sent anything of it yet are there all the same.
    const before = await this.#darkAddressesAt(judgedUpToSeconds - HOUR_SECONDS)
    const darkAddresses = Math.max(reading.darkAddresses, before)
    const end = judgedUpToSeconds + HOUR_SECONDS
    const raised = book.newOnes(judge.peek({ ...reading, darkAddresses }))
    const changes = book.raise(await this.#explained(raised, end), end, judge.series)
    if (changes.length === 0) return 'nothing-due'
    const step = await this.#keep(judging, { judgedUpToSeconds, parts: null, changes })
    this.#showOpen(judging)
    return step
  }

  async #darkAddressesAt(startSeconds: number): Promise<number> {
    if (this.#darkAddresses.startSeconds !== startSeconds) {
      const { counts, sensors } = this.#options
      const count = await liveDarkAddressesOf(counts, sensors, startSeconds)
      this.#darkAddresses = { startSeconds, count }
    }
    return this.#darkAddresses.count
  }

  /** Keeps what is known now, with what is to be told of it. */
  async #keep(judging: Judging, hour: Parameters<SurgeStore['save']>[1]): Promise<Step> {
    if (!(await this.#options.surges.save(judging.lease, hour))) return 'lost'
    judging.judgedUpToSeconds = hour.judgedUpToSeconds
    this.#outbox.add(hour.changes)
    this.#show(judging)
    return 'done'
  }

  /** What opens is told with what drives it. The lease is kept meanwhile; one that is lost is noticed at the save. */
  #explained(judged: readonly JudgedSurge[], hourEndSeconds: number): Promise<JudgedSurge[]> {
    return this.#explainer.explain(judged, hourEndSeconds, async () => {
      await this.#renewed()
    })
  }

  #show({ judge, judgedUpToSeconds }: Judging): void {
    const { counters, log } = this.#options
    if (judge.hasLeftOut && !this.#hasToldLeftOut)
      log('warn', 'there are more series than the detector keeps; those that came last are not judged', {
        series: judge.series
      })
    this.#hasToldLeftOut = judge.hasLeftOut
    if (judgedUpToSeconds > 0) counters.judgedUpToSeconds = judgedUpToSeconds
    counters.series = judge.series
  }

  /** While old hours are judged, what was open in them wakes nobody. */
  #showOpen({ book }: Judging): void {
    this.#options.counters.open = book.open
  }

  /** Another one judges, or nobody any more. */
  #giveUp(): void {
    this.#judging = null
    this.#outbox.begin(0, [])
    const { counters } = this.#options
    counters.isJudging = false
    counters.open = []
  }
}
