// Sends what is spooled, in order, one request in flight; while the brokers are away it tries again for ever.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../adapters/log.ts'
import type { Spool } from '../../adapters/spool.ts'
import type { WaitingBatch } from '../../adapters/spool/spool-reader.ts'
import { livePartition } from '../../core/batch/partition.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { Bus } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'

/** What is sent, where to, and who is told. */
export interface SpoolSenderOptions {
  readonly spool: Spool
  /** A bus that was not started yet; called anew after each one that could not be. */
  readonly openBus: () => Bus
  /** Whether the brokers will never take what they were sent. */
  readonly isRefusal: (error: unknown) => boolean
  /** True where the sender fails after the bus's own patience, instead of trying again. */
  readonly givesUp: boolean
  /** Called for each batch that was acknowledged, with the bytes of the request's values divided among its batches. */
  readonly onSent: (batch: RawBatch, sentBytes: number) => void
  readonly log: Log
  /** Called once where no more can be sent; the process must exit. */
  readonly onFailure: (error: Error) => void
}

const RETRY_AFTER_MS = 1000
/** A request that takes longer says that the brokers are away. */
const AWAY_AFTER_MS = 10_000
/** Longest that a bus may take to stop: a broker that hangs would hold up the process. */
const BUS_STOP_MS = 3000

/** `start` begins in the background; `stop` ends it, whatever was not acknowledged stays in the spool. */
export class SpoolSender {
  readonly #options: SpoolSenderOptions
  readonly #end = new AbortController()
  #bus: Bus | null = null
  #partitions = 0
  #running: Promise<void> = Promise.resolve()
  #waitingSince: number | null = null

  constructor(options: SpoolSenderOptions) {
    this.#options = options
    options.spool.holdDropsWhile(this.isAway)
  }

  start(): Promise<void> {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#end.signal.aborted) this.#options.onFailure(error as Error)
    })
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#end.abort()
    const bus = this.#bus
    this.#bus = null
    if (bus !== null) await Promise.race([bus.stop(), sleep(BUS_STOP_MS, undefined, { ref: false })])
    await Promise.race([this.#running, sleep(BUS_STOP_MS, undefined, { ref: false })])
  }

  /** True while the brokers have not answered for some seconds. */
  readonly isAway = (): boolean => {
    return this.#waitingSince !== null && performance.now() - this.#waitingSince > AWAY_AFTER_MS
  }

  async #run(): Promise<void> {
    const { signal } = this.#end
    this.#waitingSince = performance.now()
    await this.#connect()
    this.#waitingSince = null
    while (!signal.aborted) {
      const batches = await this.#options.spool.next(signal)
      if (batches.length === 0) return
      this.#waitingSince = performance.now()
      await this.#send(batches)
      this.#waitingSince = null
    }
  }

  async #connect(): Promise<void> {
    const { openBus, spool } = this.#options
    await this.#untilDone('the brokers or the registry are not ready', async () => {
      const bus = openBus()
      this.#bus = bus
      await bus.start()
      this.#partitions = Math.min(
        await bus.partitions('packets.raw'),
        await bus.partitions('packets.enriched')
      )
    })
    for (const [lane, partition] of spool.partitions()) this.#checkPartition(lane, partition)
  }

  /** All of one lane, in order. */
  async #send(batches: readonly WaitingBatch[]): Promise<void> {
    const partition = await this.#partitionOf(batches[0]!.batch)
    if (await this.#publish(partition, batches)) return
    // One of them is refused: sent one by one, only that one is dropped.
    for (const batch of batches) {
      if (this.#end.signal.aborted) return
      if (!(await this.#publish(partition, [batch]))) await this.#options.spool.refuse(batch)
    }
  }

  /** False where the brokers refuse for good what was sent. */
  async #publish(partition: number, batches: readonly WaitingBatch[]): Promise<boolean> {
    const { spool, isRefusal, onSent, log } = this.#options
    let isRefused = false
    let sentBytes: number | null = null
    await this.#untilDone('spooled batches cannot be sent', async () => {
      try {
        const values = batches.map(({ batch }) => batch)
        sentBytes = (await this.#bus?.publish('packets.raw', partition, values)) ?? null
      } catch (error) {
        if (!isRefusal(error)) throw error
        isRefused = true
        if (batches.length > 1) return
        const { name } = batches[0]!.batch
        log('error', 'brokers refuse a batch, which is dropped', { ...name, error: messageOf(error) })
      }
    })
    if (sentBytes === null) return !isRefused
    const share = sentBytes / batches.length
    for (const { batch } of batches) onSent(batch, share)
    spool.acknowledge(batches.at(-1)!.sequence)
    return true
  }

  async #partitionOf({ name }: RawBatch): Promise<number> {
    const { spool } = this.#options
    const known = spool.partitions().get(name.lane)
    if (known !== undefined) return known
    const partition = livePartition(name, this.#partitions)
    await spool.fixPartition(name.lane, partition)
    return partition
  }

  #checkPartition(lane: number, partition: number): void {
    if (partition < this.#partitions) return
    throw new StormpetrelError(
      'SP_TOPIC',
      `lane ${lane} of this sensor has partition ${partition} for life, and packets.raw or packets.enriched has only ` +
        `${this.#partitions} partitions; give them at least ${partition + 1}, or begin with another sensor id`
    )
  }

  /** Tries until it works or the sender is stopped; where it gives up, rejects with the first error. */
  async #untilDone(what: string, attempt: () => Promise<void>): Promise<void> {
    const { givesUp, log } = this.#options
    const { signal } = this.#end
    while (!signal.aborted) {
      try {
        return await attempt()
      } catch (error) {
        if (givesUp || signal.aborted || !isOfServers(error)) throw error
        log('warn', what, { error: messageOf(error) })
      }
      await sleep(RETRY_AFTER_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** What an operator can mend while this process waits. */
function isOfServers(error: unknown): boolean {
  return (
    error instanceof StormpetrelError &&
    (error.code === 'SP_KAFKA' || error.code === 'SP_REGISTRY' || error.code === 'SP_TOPIC')
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
