// Any bytes as the capture of a raw batch that lies about how many packets it has.
import { MAX_BATCH_FRAMES, type RawBatch } from '../../core/batch/raw-batch.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import { enrichBatch } from '../../core/tagging/enrich-batch.ts'
import { CONTEXT, FACTS } from './batch-check.ts'
import { type FeatureMap, magnitude } from './feature-map.ts'
import type { SeededRandom } from './random.ts'
import { BrokenPromise } from './target.ts'

const MOST_PACKETS = 12
const LIVE = { ...CONTEXT, hasClockRule: true }
const CLOSED_AT_MS = 1_700_000_060_000
const columns = new PacketColumns(MAX_BATCH_FRAMES)

/**
 * Throws BrokenPromise where the batch gives not as many packets and rejected frames together as it says it has, or as
 * were found where that is more.
 */
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
  const { rejected, framesFound } = enrichBatch(raw, FACTS, random.oneIn(2) ? LIVE : CONTEXT, columns)
  const records = Math.max(packets, Math.min(framesFound, MAX_BATCH_FRAMES))
  if (columns.length + rejected.length !== records) {
    throw new BrokenPromise(
      'a batch gives as many records as it says',
      `${columns.length} packets and ${rejected.length} rejected of ${records}`
    )
  }
  features.add(40, magnitude(columns.length), magnitude(rejected.length))
}
