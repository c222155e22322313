// One flush of the aggregator: a slot at a time its counts, sources, names and offsets in one step. Any part may be done
// twice; a name counts once, and sources are sets.
import type { BatchName } from '../../core/batch/name.ts'
import type { Bus } from '../../core/bus.ts'
import type {
  CountStore,
  OffsetSpan,
  SeenHow,
  SlotOutcome,
  SlotRequest
} from '../../core/store/count-store.ts'
import { fencedBatch } from '../../core/fence/fenced-batch.ts'
import { slotOf } from '../../core/store/slot.ts'
import { Accumulator } from '../../core/windows/accumulator.ts'
import { countRepeat, ENRICHED, type FlushContents, type NamedBatch } from './flush-contents.ts'
import type { AggregatorCounters } from './metrics.ts'

/** 'rewind' names for every partition of the flush the offset to read again from. */
export type FlushOutcome =
  | { readonly kind: 'counted' }
  | { readonly kind: 'rewind'; readonly offsets: ReadonlyMap<number, number> }

/** What a flush counts into, and where it sends what it refuses. */
export interface CountFlushOptions {
  readonly bus: Bus
  readonly store: CountStore
  readonly counters: AggregatorCounters
  readonly nowMs: () => number
}

/** Keeps only the table of sources already sent, and memory to use again, between two flushes. */
export class CountFlush {
  readonly #options: CountFlushOptions
  readonly #accumulator = new Accumulator()

  constructor(options: CountFlushOptions) {
    this.#options = options
  }

  /** Call whenever it is in doubt whether all sources that were sent are in the store. */
  forgetSent(): void {
    this.#accumulator.forget()
  }

  /** Throws where the store or the bus did not answer; calling again with the same contents is always right. */
  async run(contents: FlushContents): Promise<FlushOutcome> {
    const { spans, batches } = contents
    await this.#publishRejected(contents)
    const bySlot: NamedBatch[][] = Array.from({ length: this.#options.store.slots }, () => [])
    for (const each of batches) bySlot[slotOf(each.batch.name.sensor, bySlot.length)]!.push(each)
    for (const [slot, own] of bySlot.entries()) {
      if (await this.#isSlotBehind(slot, own, contents)) return this.#rewind(spans)
    }
    await this.#publishRejected(contents)
    return { kind: 'counted' }
  }

  /** Asks one slot until it has counted what it had not seen; true where it answers that it lost data. */
  async #isSlotBehind(slot: number, own: readonly NamedBatch[], contents: FlushContents): Promise<boolean> {
    let asked = own
    const known: BatchName[] = []
    for (;;) {
      const wereOffered = new Set(asked.filter(({ state }) => state === 'offered'))
      for (const named of asked) if (named.state === 'fresh') named.state = 'offered'
      const outcome = await this.#applySlot({ slot, spans: contents.spans, known }, asked)
      switch (outcome.kind) {
        case 'behind':
          return true
        case 'applied':
          // A store that lost what an earlier try of this flush had counted counts it again; we do not.
          for (const named of asked) if (named.state !== 'counted') this.#countApplied(named)
          this.#countExpired(outcome.expiredPackets)
          return false
        case 'seen': {
          const seen = new Map(outcome.seen.map(({ index, how }) => [asked[index]!, how]))
          for (const [named, how] of seen) this.#takeSeen(contents, named, how, wereOffered)
          known.push(...[...seen.keys()].map(({ batch }) => batch.name))
          asked = asked.filter((named) => !seen.has(named))
          // Sources of the others were in the call that did nothing.
          this.#accumulator.forget()
          break
        }
        default:
          outcome satisfies never
      }
    }
  }

  /** Seen because an earlier try of this flush counted it, or because it was counted long before. */
  #takeSeen(
    contents: FlushContents,
    named: NamedBatch,
    how: SeenHow,
    wereOffered: ReadonlySet<NamedBatch>
  ): void {
    if (named.state === 'counted') return
    if (how === 'same' && wereOffered.has(named)) this.#countApplied(named)
    else countRepeat(contents, named, how, this.#options.counters)
    named.state = 'counted'
  }

  /** Sums cannot be taken apart, so each try adds up from the batches. */
  #applySlot(
    request: Pick<SlotRequest, 'slot' | 'spans' | 'known'>,
    asked: readonly NamedBatch[]
  ): Promise<SlotOutcome> {
    for (const { batch } of asked) this.#accumulator.add(batch)
    return this.#options.store.applySlot({
      ...request,
      batches: asked.map(({ batch, appendedAtMs }) => fencedBatch(batch, appendedAtMs)),
      ...this.#accumulator.take()
    })
  }

  #countApplied(named: NamedBatch): void {
    named.state = 'counted'
    this.#options.counters.countApplied(named.batch, this.#options.nowMs())
  }

  #countExpired(expiredPackets: Readonly<Record<string, number>>): void {
    for (const [size, packets] of Object.entries(expiredPackets))
      this.#options.counters.addExpired(size, packets)
  }

  /** Each leaves the list when the bus has acknowledged it, so that no other try sends it again. */
  async #publishRejected({ rejected }: FlushContents): Promise<void> {
    for (let next = rejected[0]; next !== undefined; next = rejected[0]) {
      const sentBytes = await this.#options.bus.publish('packets.rejected', next.partition, [next.record])
      this.#options.counters.sentBytes += sentBytes
      rejected.shift()
    }
  }

  async #rewind(spans: readonly OffsetSpan[]): Promise<FlushOutcome> {
    const offsets = new Map<number, number>()
    for (const { partition } of spans) {
      offsets.set(partition, await this.#options.store.nextOffset(ENRICHED, partition))
    }
    return { kind: 'rewind', offsets }
  }
}
