// Enriched batches of SYNs for benchmarks of what comes after the tagger: the same for every run.
import type { EnrichedBatch } from '../core/batch/enriched-batch.ts'
import { ABSENT, PacketColumns } from '../core/packets/packet-columns.ts'
import { packRegion } from '../core/packets/region-code.ts'

const BATCHES = 50
const BATCH_PACKETS = 4096
const PORTS = [23, 22, 80, 443, 445, 8080, 2323, 5555]
const REGIONS = ['JP', 'US', 'CN', 'KR', 'DE'].map(packRegion)

/** Packets of synBatches together. */
export const SYN_PACKETS = BATCHES * BATCH_PACKETS

/** A thousand packets a second from random sources; one in eight to a port that hardly anyone else is sent to. */
export function synBatches(): EnrichedBatch[] {
  const random = xorshift(88172645)
  return Array.from({ length: BATCHES }, (_, number) => ({
    name: { sensor: 'local', epoch: '0', lane: 0, number: number + 1 },
    digest: '',
    epochStartedMs: 0,
    closedAtMs: 0,
    framesBefore: number * BATCH_PACKETS,
    kernelDrops: 0,
    declaredLosses: [],
    file: 'bench/three-million.pcap',
    vantages: ['all'],
    packets: synColumns(number, random),
    rejected: [],
    provenance: { geo: [], rules: '1', sensors: 'none' }
  }))
}

function synColumns(batch: number, random: () => number): PacketColumns {
  const columns = new PacketColumns(BATCH_PACKETS)
  columns.length = BATCH_PACKETS
  columns.ipVersion.fill(4)
  columns.protocol.fill(6)
  columns.icmpType.fill(ABSENT)
  columns.icmpCode.fill(ABSENT)
  columns.tcpFlags.fill(2)
  columns.ipLength.fill(40)
  for (let row = 0; row < BATCH_PACKETS; row++) {
    const packet = batch * BATCH_PACKETS + row
    columns.frame[row] = packet + 1
    columns.seconds[row] = 1_652_194_200 + Math.floor(packet / 1000)
    columns.nanoseconds[row] = random() % 1_000_000_000
    columns.src[row * 4] = random()
    columns.dst[row * 4] = 0xcb007100 + (random() & 0xff)
    columns.srcPort[row] = random() & 0xffff
    columns.dstPort[row] = random() % 8 === 0 ? random() & 0xffff : PORTS[random() % PORTS.length]!
    columns.tcpSeq[row] = random()
    columns.ipId[row] = random() & 0xffff
    columns.ttl[row] = random() & 0xff
    columns.tags[row] = random() % 4 === 0 ? 0b1000_0000_0001 : 0b1000_0000_0000
    columns.region[row] = REGIONS[random() % REGIONS.length]!
    columns.asn[row] = random() & 0xffff
  }
  return columns
}

/** 32 bits a call (xorshift, Marsaglia 2003). */
function xorshift(state: number): () => number {
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Prints the processor time of `run` a packet: the least of so many rounds, since other work only adds. */
export async function measureSyns(
  name: string,
  rounds: number,
  run: () => void | Promise<void>
): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, ((user + system) * 1000) / SYN_PACKETS)
  }
  process.stdout.write(`${name.padEnd(44)} ${least.toFixed(0).padStart(5)} ns\n`)
}
