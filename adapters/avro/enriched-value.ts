// An enriched batch in the words of schemas/packets.enriched.avsc, and back: columns to columns, no object a packet.
import type { EnrichedBatch, Provenance, RejectedCount } from '../../core/batch/enriched-batch.ts'
import { MAX_BATCH_FRAMES } from '../../core/batch/raw-batch.ts'
import { MAX_PACKETS } from '../../core/fence/slot-request.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import { packRegion, unpackRegion } from '../../core/packets/region-code.ts'
import { knownReason } from '../../core/packets/reject-reason.ts'
import { TAG_RULES } from '../../core/tags/rules.ts'
import { type AvroHead, headFromAvro, headToAvro, UnusableValueError } from './batch-head.ts'
import { type AddressColumn, UnreadColumn } from './column-types.ts'
import { COLUMN_RULES, copyColumn, type NumberColumn, UINT_32 } from './packet-table.ts'

interface AvroEnriched extends AvroHead {
  readonly start_seconds: number
  readonly seconds_after_start: NumberColumn
  /** What version 2 of the schema had in their place. */
  readonly timestamp_seconds: NumberColumn
  readonly vantages: readonly string[]
  readonly src: AddressColumn
  readonly dst: AddressColumn | UnreadColumn
  readonly region: ArrayLike<number>
  readonly regions: readonly string[]
  readonly tag_ids: readonly string[]
  readonly rejected: readonly { readonly reason: string; readonly frames: number }[]
  readonly provenance: Provenance
}

/** Ids of the tags by bit; a bit that no rule has stays without a name. */
const TAG_IDS: readonly string[] = tagIdsByBit()

const KNOWN_TAG_BITS = TAG_RULES.reduce((bits, { bit }) => bits | (1 << bit), 0)

function tagIdsByBit(): string[] {
  const ids: string[] = []
  for (const { id, bit } of TAG_RULES) {
    while (ids.length <= bit) ids.push('')
    ids[bit] = id
  }
  return ids
}

/** A batch in the schema's words. Its columns are views into the batch: encode before that is used again. */
export function enrichedToAvro(batch: EnrichedBatch): AvroEnriched {
  const { packets } = batch
  const { length } = packets
  const { indices, codes } = indexRegions(packets)
  const columns: Record<string, NumberColumn> = {}
  for (const { field, of } of COLUMN_RULES) columns[field] = of(packets).subarray(0, length)
  if (!columns.frame!.some((frame) => frame !== 0)) columns.frame = NO_NUMBERS
  return {
    ...headToAvro(batch),
    ...columns,
    ...secondsToAvro(packets),
    vantages: batch.vantages,
    src: { length, versions: packets.ipVersion, words: packets.src },
    dst: { length, versions: packets.ipVersion, words: packets.dst },
    region: indices,
    regions: codes,
    tag_ids: TAG_IDS,
    rejected: batch.rejected,
    provenance: batch.provenance
  }
}

const NO_NUMBERS = new Float64Array(0)
const secondsAfterStart = new Uint32Array(MAX_BATCH_FRAMES)

/** Times after the earliest one: a byte a packet and not five. The column is good until the next batch. */
function secondsToAvro({
  seconds,
  length
}: PacketColumns): Pick<AvroEnriched, 'start_seconds' | 'seconds_after_start' | 'timestamp_seconds'> {
  let start = length === 0 ? 0 : seconds[0]!
  for (let row = 1; row < length; row++) if (seconds[row]! < start) start = seconds[row]!
  const after = length <= MAX_BATCH_FRAMES ? secondsAfterStart : new Uint32Array(length)
  for (let row = 0; row < length; row++) after[row] = seconds[row]! - start
  return {
    start_seconds: start,
    seconds_after_start: after.subarray(0, length),
    timestamp_seconds: NO_NUMBERS
  }
}

const NO_INDEX = 0xffff
/** Index of each packed region in the batch at hand; only what a batch used is put back. */
const indexByRegion = new Uint16Array(65_536).fill(NO_INDEX)

/** The regions of a batch in order of first appearance, and each packet's index into them. */
function indexRegions({ region, length }: PacketColumns): { indices: Uint16Array; codes: string[] } {
  const indices = new Uint16Array(length)
  const seen: number[] = []
  for (let row = 0; row < length; row++) {
    const packed = region[row]!
    let index = indexByRegion[packed]!
    if (index === NO_INDEX) {
      index = seen.push(packed) - 1
      indexByRegion[packed] = index
    }
    indices[row] = index
  }
  for (const packed of seen) indexByRegion[packed] = NO_INDEX
  return { indices, codes: seen.map(unpackRegion) }
}

/** Throws UnusableValueError where the columns are of different lengths or hold what no packet can. */
export function enrichedFromAvro(value: unknown): EnrichedBatch {
  const batch = value as AvroEnriched
  if (batch.src.length > 0 && batch.vantages.length === 0) {
    throw new UnusableValueError('not-avro', 'packets that no vantage counts')
  }
  return {
    ...headFromAvro(batch),
    vantages: [...batch.vantages],
    packets: packetsFromAvro(batch),
    rejected: batch.rejected.map(rejectedCountFromAvro),
    provenance: {
      geo: batch.provenance.geo.map(({ name, built }) => ({ name, built })),
      rules: batch.provenance.rules,
      sensors: batch.provenance.sensors
    }
  }
}

function rejectedCountFromAvro({ reason, frames }: AvroEnriched['rejected'][number]): RejectedCount {
  if (!(frames >= 0 && frames <= MAX_PACKETS)) {
    throw new UnusableValueError('not-avro', 'a count of rejected frames that is none')
  }
  return { reason: knownReason(reason), frames }
}

function packetsFromAvro(batch: AvroEnriched): PacketColumns {
  const { length } = batch.src
  const columns = new PacketColumns(length, batch.dst instanceof UnreadColumn ? 'counted' : 'all')
  columns.length = length
  const sources = batch as unknown as Readonly<Record<string, Float64Array | UnreadColumn>>
  for (const rule of COLUMN_RULES) {
    const target = rule.of(columns)
    const source = sources[rule.field] ?? NO_NUMBERS
    checkLength(rule.field, source.length, length)
    if (source instanceof UnreadColumn) continue
    if (!copyColumn(rule, source, target, length)) {
      throw new UnusableValueError('not-avro', `a value out of range in column ${rule.field}`)
    }
  }
  copySeconds(batch, columns)
  // Bits of a newer tagger's rules: what this version cannot name it does not count by.
  for (let row = 0; row < length; row++) columns.tags[row]! &= KNOWN_TAG_BITS
  copyAddresses(batch, columns)
  copyRegions(batch, columns)
  return columns
}

function copySeconds(batch: AvroEnriched, columns: PacketColumns): void {
  const { start_seconds: start, seconds_after_start: after, timestamp_seconds: older } = batch
  const isOlder = after.length === 0
  const source = isOlder ? older : after
  const base = isOlder ? 0 : start
  if (source.length !== columns.length) {
    throw new UnusableValueError('not-avro', `${source.length} times of ${columns.length} packets`)
  }
  for (let row = 0; row < source.length; row++) {
    const seconds = base + source[row]!
    // Written so that NaN is out of range.
    if (!(seconds >= 0 && seconds <= UINT_32)) {
      throw new UnusableValueError('not-avro', 'a value out of range in column seconds_after_start')
    }
    columns.seconds[row] = seconds
  }
}

function copyAddresses({ src, dst }: AvroEnriched, columns: PacketColumns): void {
  columns.ipVersion.set(src.versions)
  columns.src.set(src.words)
  if (dst.length !== src.length) throw new UnusableValueError('not-avro', 'src and dst differ in length')
  if (dst instanceof UnreadColumn) return
  for (let row = 0; row < src.length; row++) {
    if (src.versions[row] !== dst.versions[row]) {
      throw new UnusableValueError('not-avro', 'src and dst differ in IP version')
    }
  }
  columns.dst.set(dst.words)
}

function copyRegions({ region, regions }: AvroEnriched, columns: PacketColumns): void {
  checkLength('region', region.length, columns.length)
  const packed = regions.map(packRegion)
  const unknown = packRegion('ZZ')
  for (let row = 0; row < columns.length; row++) {
    const code = region.length === 0 ? unknown : packed[region[row]!]
    if (code === undefined) throw new UnusableValueError('not-avro', 'a region that the batch does not list')
    columns.region[row] = code
  }
}

/** A column is whole, or absent because the schema of the writer did not have it. */
function checkLength(field: string, found: number, packets: number): void {
  if (found !== packets && found !== 0) {
    throw new UnusableValueError('not-avro', `${found} elements in column ${field} of ${packets} packets`)
  }
}
