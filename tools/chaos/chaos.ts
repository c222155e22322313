// The chaos itself: fault after fault, of a kind and on a target that the seed draws, several at once where it so
// falls.
import { setTimeout as delay } from 'node:timers/promises'
import type { Part } from '../stack/part.ts'
import type { ChaosDeployment } from './deployment.ts'
import type { FaultEntry, FaultKind } from './fault-log.ts'
import { holdsWithin, isGone, processState } from './process-state.ts'
import type { CableName, ProxiedStack } from './proxied-stack.ts'
import type { Random } from './random.ts'
import { cutAppendOnlyFile, type Done, flushAll, restoreOldFile } from './redis-losses.ts'
import type { SupervisedProcess } from './supervised-process.ts'
import type { CutKind } from './tcp-proxy.ts'

/** What is hit, how often, for how long. */
export interface ChaosOptions {
  readonly stack: ProxiedStack
  readonly deployment: ChaosDeployment
  readonly random: Random
  readonly kinds: readonly FaultKind[]
  readonly durationMs: number
  /** Mean time from one fault's start to the next one's. */
  readonly intervalMs: number
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
}

/** What a fault is done to: one at a time for each name. */
interface Target {
  readonly name: string
  readonly hit: () => Promise<Done>
}

const BACK_LIMIT_MS = 30_000
const READY_LIMIT_MS = 60_000
/** A consumer that is away for longer than this has lost its partitions: what it does then is a zombie's. */
const SESSION_MS = 10_000
const LONG_PAUSE_SHARE = 0.35

/** Runs for its time, and ends with every part up again. */
export class Chaos {
  readonly entries: FaultEntry[] = []
  readonly #options: ChaosOptions
  readonly #busy = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  #deck: FaultKind[] = []
  #extras = 0
  #failure: unknown

  constructor(options: ChaosOptions) {
    this.#options = options
  }

  /** Rejects where a server did not come back. */
  async run(): Promise<void> {
    const { durationMs, intervalMs, random, signal } = this.#options
    const startedMs = performance.now()
    const elapsedMs = () => performance.now() - startedMs
    const nextWait = () => Math.min(random.between(0.4, 1.6) * intervalMs, durationMs - elapsedMs())
    await this.#wait(nextWait())
    while (elapsedMs() < durationMs && !signal.aborted && this.#failure === undefined) {
      const drawn = this.#draw()
      if (drawn === null) {
        await this.#wait(300)
        continue
      }
      const hit = this.#hit(drawn.kind, drawn.target, elapsedMs() / 1000)
      this.#running.add(hit)
      void hit.finally(() => this.#running.delete(hit))
      await this.#wait(nextWait())
    }
    await Promise.all(this.#running)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #wait(ms: number): Promise<void> {
    await delay(Math.max(1, ms), undefined, { signal: this.#options.signal }).catch(() => undefined)
  }

  /**
   * The kinds come in an order anew for each round, so that none stays away for long; what cannot be now comes later.
   */
  #draw(): { kind: FaultKind; target: Target } | null {
    const { random, kinds } = this.#options
    if (this.#deck.length === 0) this.#deck = random.shuffled(kinds)
    for (const [i, kind] of this.#deck.entries()) {
      const free = this.#targets(kind).filter(({ name }) => !this.#busy.has(name))
      if (free.length === 0) continue
      this.#deck.splice(i, 1)
      return { kind, target: random.pick(free) }
    }
    return null
  }

  async #hit(kind: FaultKind, target: Target, atSeconds: number): Promise<void> {
    this.#busy.add(target.name)
    try {
      const { detail, isConfirmed } = await target.hit()
      this.entries.push({ atSeconds, kind, target: target.name, detail, isConfirmed })
      const words = isConfirmed ? '' : ' (not seen to have happened)'
      this.#options.tell(`${atSeconds.toFixed(1)} s: ${kind} ${target.name} ${detail}${words}`)
    } catch (error) {
      this.#failure ??= error
    } finally {
      this.#busy.delete(target.name)
    }
  }

  #targets(kind: FaultKind): Target[] {
    const { deployment, stack, random } = this.#options
    const { sensors, taggers, aggregators } = deployment
    const servers = [
      { name: 'kafka', part: stack.kafka },
      { name: 'redis', part: stack.redis }
    ]
    const workers = [...taggers, ...aggregators]
    switch (kind) {
      case 'kill-sensor':
        return kills(sensors)
      case 'kill-tagger':
        return kills(taggers)
      case 'kill-aggregator':
        return kills(aggregators)
      case 'kill-kafka':
        return [{ name: 'kafka', hit: () => killServer(stack.kafka, random.between(0, 4000)) }]
      case 'kill-redis':
        return [{ name: 'redis', hit: () => killServer(stack.redis, random.between(0, 4000)) }]
      case 'pause':
        return [
          ...[...sensors, ...workers].map((each) => ({
            name: each.name,
            hit: () => pause(each.pid, this.#pauseMs(true))
          })),
          ...servers.map(({ name, part }) => ({ name, hit: () => pause(part.pids[0], this.#pauseMs(false)) }))
        ]
      case 'rebalance':
        return [
          { name: 'extra tagger', hit: () => this.#joinAndLeave('tagger') },
          { name: 'extra aggregator', hit: () => this.#joinAndLeave('aggregator') },
          ...workers.map((each) => ({
            name: each.name,
            hit: () => leaveAndJoin(each, random.between(2000, 12_000))
          }))
        ]
      case 'restart':
        return [
          ...[...sensors, ...workers].map((each) => ({ name: each.name, hit: () => restartProcess(each) })),
          ...servers.map(({ name, part }) => ({ name, hit: () => restartServer(part) }))
        ]
      case 'cut':
        return this.#cuts()
      case 'redis-cut-aof':
        return [{ name: 'redis', hit: () => cutAppendOnlyFile(stack.redis, random) }]
      case 'redis-old-aof':
        return [{ name: 'redis', hit: () => restoreOldFile(stack.redis, random) }]
      case 'redis-flushall':
        return [{ name: 'redis', hit: () => flushAll(stack.redis) }]
      default:
        return kind satisfies never
    }
  }

  /** Of consumers one pause in three is longer than their session. */
  #pauseMs(mayBeLong: boolean): number {
    const { random } = this.#options
    return mayBeLong && random.isChance(LONG_PAUSE_SHARE)
      ? random.between(SESSION_MS + 1000, 2 * SESSION_MS)
      : random.between(300, 6000)
  }

  #cuts(): Target[] {
    const { stack, random } = this.#options
    const kinds: Readonly<Record<CableName, readonly CutKind[]>> = {
      kafka: ['refuse', 'silence', 'deaf'],
      redis: ['refuse', 'silence', 'deaf', 'deaf'],
      registry: ['refuse']
    }
    return Object.entries(kinds).flatMap(([name, ways]) =>
      ways.map((way) => ({
        name: `cable of ${name}`,
        hit: () => cut(stack, name as CableName, way, random.between(300, 9000))
      }))
    )
  }

  async #joinAndLeave(verb: 'tagger' | 'aggregator'): Promise<Done> {
    const { deployment, random } = this.#options
    this.#extras += 1
    const staysMs = random.between(1000, 8000)
    const isKilled = random.isChance(0.5)
    const extra = await deployment.make(`extra-${verb}-${this.#extras}`, [verb])
    deployment.extras.push(extra)
    extra.start()
    const isReady = () => extra.countLines(`${verb} is ready`) > 0
    const hasJoined = (await holdsWithin(READY_LIMIT_MS, isReady)) && extra.pid !== undefined
    await delay(staysMs)
    await (isKilled ? extra.end() : extra.stop())
    return { detail: isKilled ? 'joins and is killed' : 'joins and leaves', isConfirmed: hasJoined }
  }
}

function kills(processes: readonly SupervisedProcess[]): Target[] {
  return processes.map((each) => ({ name: each.name, hit: () => killProcess(each) }))
}

async function killProcess(process: SupervisedProcess): Promise<Done> {
  if (!(await holdsWithin(BACK_LIMIT_MS, () => process.pid !== undefined)))
    return { detail: '', isConfirmed: false }
  const { pid } = process
  const isConfirmed = await process.kill9()
  await holdsWithin(BACK_LIMIT_MS, () => process.pid !== undefined && process.pid !== pid)
  return { detail: `pid ${pid}`, isConfirmed }
}

async function restartProcess(process: SupervisedProcess): Promise<Done> {
  if (!(await holdsWithin(BACK_LIMIT_MS, () => process.pid !== undefined)))
    return { detail: '', isConfirmed: false }
  const { pid } = process
  const startedMs = performance.now()
  const hasEnded = await process.terminate()
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const detail = hasEnded
    ? `pid ${pid} ended after ${seconds} s`
    : `pid ${pid} did not end in time, and was killed`
  await holdsWithin(BACK_LIMIT_MS, () => process.pid !== undefined && process.pid !== pid)
  return { detail, isConfirmed: pid !== undefined && isGone(pid) }
}

async function leaveAndJoin(process: SupervisedProcess, awayMs: number): Promise<Done> {
  if (!(await holdsWithin(BACK_LIMIT_MS, () => process.pid !== undefined)))
    return { detail: '', isConfirmed: false }
  const { pid } = process
  await process.stop()
  const isConfirmed = pid !== undefined && isGone(pid)
  await delay(awayMs)
  process.start()
  return { detail: `leaves for ${(awayMs / 1000).toFixed(1)} s`, isConfirmed }
}

async function killServer(part: Part, awayMs: number): Promise<Done> {
  const [pid] = part.pids
  await part.kill9()
  const isConfirmed = pid !== undefined && isGone(pid)
  await delay(awayMs)
  await part.start()
  return { detail: `pid ${pid}, away for ${(awayMs / 1000).toFixed(1)} s`, isConfirmed }
}

async function restartServer(part: Part): Promise<Done> {
  const [pid] = part.pids
  await part.restart()
  return { detail: `pid ${pid}`, isConfirmed: pid !== undefined && isGone(pid) && part.pids[0] !== pid }
}

async function pause(pid: number | undefined, ms: number): Promise<Done> {
  if (pid === undefined || isGone(pid)) return { detail: 'is not running', isConfirmed: false }
  process.kill(pid, 'SIGSTOP')
  try {
    const isStopped = await holdsWithin(2000, () => processState(pid) === 'T')
    await delay(ms)
    return {
      detail: `pid ${pid} for ${(ms / 1000).toFixed(1)} s`,
      isConfirmed: isStopped && processState(pid) === 'T'
    }
  } finally {
    if (!isGone(pid)) process.kill(pid, 'SIGCONT')
  }
}

async function cut(stack: ProxiedStack, name: CableName, way: CutKind, ms: number): Promise<Done> {
  const cable = stack.cables[name]
  const connections = cable.cut(way)
  try {
    const isRefused = way === 'refuse' && (await cable.refusesConnections())
    await delay(ms)
    const detail = `${way} for ${(ms / 1000).toFixed(1)} s, ${connections} connections`
    return { detail, isConfirmed: connections > 0 || isRefused }
  } finally {
    cable.mend()
  }
}
