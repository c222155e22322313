// Any bytes as the capture of a raw batch that lies about how many packets it has.
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import { enrichBatch } from '../../core/tagging/enrich-batch.ts'
import { CONTEXT, FACTS } from './batch-check.ts'
import { type FeatureMap, magnitude } from './feature-map.ts'
import type { SeededRandom } from './random.ts'
import { BrokenPromise } from './target.ts'

const MOST_PACKETS = 12
const LIVE = { ...CONTEXT, hasClockRule: true }
const CLOSED_AT_MS = 1_700_000_060_000
const columns = new PacketColumns(MOST_PACKETS)

/** Throws BrokenPromise where the batch gives not as many packets and rejected frames together as it says it has. */
export function checkAsBatch(capture: Uint8Array, random: SeededRandom, features: FeatureMap): void {
  const packets = random.below(MOST_PACKETS + 1)
  const raw: RawBatch = {
    name: { sensor: 'fuzz', epoch: '0', lane: 0, number: 1 },
    digest: '',
    epochStartedMs: 0,
    closedAtMs: CLOSED_AT_MS,
    packets,
    framesBefore: 0,
    kernelDrops: 0,
    declaredLosses: [],
    capture,
    file: null,
    frames: [],
    refused: []
  }
  const { rejected } = enrichBatch(raw, FACTS, random.oneIn(2) ? LIVE : CONTEXT, columns)
  if (columns.length + rejected.length !== packets) {
    throw new BrokenPromise(
      'a batch gives as many records as it says',
      `${columns.length} packets and ${rejected.length} rejected of ${packets}`
    )
  }
  features.add(40, magnitude(columns.length), magnitude(rejected.length))
}
