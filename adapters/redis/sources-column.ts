// The sources column of all slots: sketches first, then their offsets, with a proof that nothing in between was lost.
import { randomUUID } from 'node:crypto'
import type { RedisConnection } from './connection.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { partitionKey } from '../../core/fence/slot-request.ts'
import type { OffsetSpan, SourceCell } from '../../core/store/count-store.ts'
import type { Retention } from '../../core/store/retention.ts'
import { runScript } from './scripts.ts'
import type { SlotKeys } from './slot-keys.ts'
import { type SourceCall, sourceCalls } from './source-arguments.ts'

/** How long Redis keeps a writer's count; a longer silence reads as a loss, which only costs reading again. */
const COUNT_KEPT_SECONDS = 3600

/** What one slot has answered to this writer so far. A new id starts at 0, as does a slot that knows no such id. */
interface Chain {
  id: string
  calls: number
}

/**
 * Adds sources and moves their offsets. Redis may restart with older data between a PFADD that it acknowledged and the
 * offset that says so. So every call to a slot carries how many it answered before, and stores it with the data: where
 * the number is another, something was lost. From then on every partition is behind until its offset is asked again.
 */
export class SourcesColumn {
  readonly #redis: RedisConnection
  readonly #slots: readonly SlotKeys[]
  readonly #retention: Retention | null
  readonly #chains: Chain[]
  #losses = 0
  /** How many losses there were when a partition's offset was last asked. */
  readonly #lossesKnown = new Map<string, number>()

  constructor(redis: RedisConnection, slots: readonly SlotKeys[], retention: Retention | null) {
    this.#redis = redis
    this.#slots = slots
    this.#retention = retention
    this.#chains = slots.map(newChain)
  }

  /** The partition is read again from its stored offset: what was lost before does not matter to it any more. */
  rewound(topic: string, partition: number): void {
    this.#lossesKnown.set(partitionKey({ topic, partition }), this.#losses)
  }

  /**
   * Resolves when every slot has acknowledged its part. Throws SP_REDIS where something that was acknowledged earlier
   * is lost: what was added since the last `advance` is to be added again, and `advance` will say how far back to go.
   */
  async add(cells: readonly SourceCell[]): Promise<void> {
    const calls = sourceCalls(cells, this.#slots, this.#retention)
    const parts = [...calls].flatMap(([slot, parts]) => parts.map((part) => this.#addPart(slot, part)))
    // All have ended before an error is told: none of them reaches into the next try.
    const failed = (await Promise.allSettled(parts)).find((part) => part.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** Index in `spans` of one whose sources must be added again, or null where every slot has moved. */
  async advance(spans: readonly OffsetSpan[]): Promise<number | null> {
    const stale = spans.findIndex((span) => this.#losses !== (this.#lossesKnown.get(partitionKey(span)) ?? 0))
    if (stale >= 0) return stale
    const args = spans.flatMap((span) => [partitionKey(span), span.from, span.to])
    const answers = await Promise.all(this.#slots.map((_, slot) => this.#advanceSlot(slot, args)))
    return answers.find((behind) => behind !== null) ?? null
  }

  async #addPart(slot: number, part: SourceCall): Promise<void> {
    const keys = this.#slots[slot]!
    const isWhole = await this.#inChain(slot, async ({ id, calls }) => {
      const answer = await runScript(
        this.#redis,
        'add-sources',
        [keys.writer(id), keys.closing, keys.lateSources, keys.openSketches, ...part.keys],
        [calls, calls + 1, COUNT_KEPT_SECONDS, part.windows, ...part.args]
      )
      return { isWhole: answer === 'applied', result: answer === 'applied' }
    })
    if (isWhole) return
    throw new StormpetrelError(
      'SP_REDIS',
      `redis lost sources of slot ${slot} that it had acknowledged; they are read again, nothing is to be done`
    )
  }

  async #advanceSlot(slot: number, spans: readonly (string | number)[]): Promise<number | null> {
    const keys = this.#slots[slot]!
    return await this.#inChain(slot, async ({ id, calls }) => {
      const answer = await runScript(
        this.#redis,
        'advance-sources',
        [keys.sourceOffsets, keys.writer(id)],
        [calls, calls + 1, COUNT_KEPT_SECONDS, ...spans]
      )
      const [kind, index] = answer as [string, number?]
      return { isWhole: kind === 'applied', result: kind === 'applied' ? null : (index ?? 0) }
    })
  }

  /** One call to a slot. The connection keeps order, so calls need not wait for each other. */
  async #inChain<T>(
    slot: number,
    call: (chain: Chain) => Promise<{ readonly isWhole: boolean; readonly result: T }>
  ): Promise<T> {
    const chain = this.#chains[slot]!
    const { id, calls } = chain
    chain.calls++
    let isWhole = false
    try {
      const answer = await call({ id, calls })
      isWhole = answer.isWhole
      return answer.result
    } finally {
      if (!isWhole) this.#lost(slot, id)
    }
  }

  #lost(slot: number, id: string): void {
    if (this.#chains[slot]?.id !== id) return
    this.#chains[slot] = newChain()
    this.#losses++
  }
}

function newChain(): Chain {
  return { id: randomUUID(), calls: 0 }
}
