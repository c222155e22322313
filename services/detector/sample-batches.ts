// A bounded sample of packets.enriched: evenly spaced slices of what was appended in some spans of time, the same share of each.
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import type { Bus, PartitionHandler } from '../../core/bus.ts'

const ENRICHED = 'packets.enriched'
/** Records of a span that are read at most, over all partitions. */
const MOST_RECORDS = 2048
/** Slices of a span and partition. */
const MOST_SLICES = 8
/** A batch is on the topic so much after its packets at most; what is later is not in the sample. */
const LATE_MS = 120_000

/** What was read, by whoever was given it. */
export interface SampledShare {
  /** Of each span, above 0 up to 1. */
  readonly share: number
}

/** Offsets from..to of one partition, `to` exclusive. */
interface Slice {
  readonly from: number
  readonly to: number
}

/**
 * Gives `take` a sample of the batches whose packets are of these spans, and of some beside them. Null, and what `take` got is
 * no sample, where it could not be read within `limitMs`. Throws what the bus throws.
 */
export async function sampleBatches(
  bus: Bus,
  group: string,
  spansSeconds: readonly (readonly [from: number, to: number])[],
  limitMs: number,
  take: (batch: EnrichedBatch) => void
): Promise<SampledShare | null> {
  const spans = await Promise.all(
    spansSeconds.map(async ([from, to]) => ({
      from: await bus.offsetsAt(ENRICHED, from * 1000),
      to: await bus.offsetsAt(ENRICHED, to * 1000 + LATE_MS)
    }))
  )
  const records = spans.map(({ from, to }) =>
    to.reduce((sum, end, partition) => sum + end - from[partition]!, 0)
  )
  const share = Math.min(1, MOST_RECORDS / Math.max(1, ...records))
  const ends = await bus.endOffsets(ENRICHED)
  const slices = ends.map((_, partition) =>
    joined(spans.flatMap(({ from, to }) => slicesOf(from[partition]!, to[partition]!, share)))
  )
  if (slices.every(({ length }) => length === 0)) return { share }
  return (await readSlices(bus, group, { slices, ends }, limitMs, take)) ? { share } : null
}

function slicesOf(from: number, to: number, share: number): Slice[] {
  const wanted = Math.round(share * (to - from))
  if (wanted === 0) return []
  const count = share === 1 ? 1 : Math.min(MOST_SLICES, wanted)
  return Array.from({ length: count }, (_, index) => {
    const start = from + Math.floor((index * (to - from)) / count)
    return { from: start, to: Math.min(to, start + Math.ceil(wanted / count)) }
  })
}

/** In order, and each record once. */
function joined(slices: readonly Slice[]): Slice[] {
  const inOrder: Slice[] = []
  for (const { from, to } of [...slices].sort((a, b) => a.from - b.from)) {
    const start = Math.max(from, inOrder.at(-1)?.to ?? 0)
    if (start < to) inOrder.push({ from: start, to })
  }
  return inOrder
}

/** What is to be read of each partition, and where it ended. */
interface Wanted {
  readonly slices: readonly (readonly Slice[])[]
  readonly ends: readonly number[]
}

async function readSlices(
  bus: Bus,
  group: string,
  wanted: Wanted,
  limitMs: number,
  take: (batch: EnrichedBatch) => void
): Promise<boolean> {
  const waiting = new Set(wanted.slices.flatMap((each, partition) => (each.length === 0 ? [] : [partition])))
  let finish!: (isWhole: boolean) => void
  let fail!: (error: Error) => void
  const finished = new Promise<boolean>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  const timer = setTimeout(() => finish(false), limitMs)
  const done = (partition: number): void => {
    waiting.delete(partition)
    if (waiting.size === 0) finish(true)
  }
  const subscription = await bus.subscribe(ENRICHED, group, sliceReader(wanted, take, done), (error) =>
    fail(error)
  )
  try {
    return await finished
  } finally {
    clearTimeout(timer)
    await subscription.stop()
  }
}

function sliceReader(
  { slices, ends }: Wanted,
  take: (batch: EnrichedBatch) => void,
  done: (partition: number) => void
): PartitionHandler<EnrichedBatch> {
  const next = slices.map((each) => [...each])
  const skipTo = (partition: number, offset: number): void => {
    const left = next[partition]!
    while (left.length > 0 && left[0]!.to <= offset) left.shift()
    if (left.length === 0) done(partition)
  }
  return {
    assigned: (partition) => Promise.resolve(next[partition]![0]?.from ?? ends[partition]!),
    begins: (partition, offset) => {
      skipTo(partition, offset)
      return Promise.resolve()
    },
    records: (partition, records) => {
      const left = next[partition]!
      const nextOffset = records.at(-1)!.offset + 1
      for (const { offset, delivered } of records) {
        const isWanted = left.some(({ from, to }) => offset >= from && offset < to)
        if (isWanted && delivered.kind === 'value') take(delivered.value)
      }
      skipTo(partition, nextOffset)
      const following = left[0]
      const isFurther = following !== undefined && following.from > nextOffset
      return Promise.resolve(
        isFurther ? { kind: 'seek', offset: following.from } : { kind: 'commit', nextOffset }
      )
    },
    revoked: () => undefined
  }
}
