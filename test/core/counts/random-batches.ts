// Enriched batches for tests of counts: few different values, so that groups meet.
import { array, constantFrom, integer, record } from 'fast-check'
import type { EnrichedBatch } from '../../../core/batch/enriched-batch.ts'
import { ABSENT, PacketColumns } from '../../../core/packets/packet-columns.ts'
import { packRegion } from '../../../core/packets/region-code.ts'

/** One packet as tests write it; what is left out is a TCP packet to port 23 from 198.51.100.1 at time 0. */
export interface TestPacket {
  readonly seconds: number
  readonly protocol: number
  readonly dstPort: number
  readonly region: string
  readonly asn: number
  readonly tags: number
  readonly src: readonly [number, number, number, number]
  readonly ipVersion: number
}

export const PACKET: TestPacket = {
  seconds: 0,
  protocol: 6,
  dstPort: 23,
  region: 'JP',
  asn: 4766,
  tags: 0,
  src: [0xc6336401, 0, 0, 0],
  ipVersion: 4
}

export interface TestBatch {
  readonly sensor: string
  readonly vantages: readonly string[]
  readonly packets: readonly TestPacket[]
}

/** An enriched batch of these packets. */
export function enriched({ sensor, vantages, packets }: TestBatch, number = 1): EnrichedBatch {
  const columns = new PacketColumns(packets.length)
  columns.length = packets.length
  for (const [row, packet] of packets.entries()) {
    columns.frame[row] = row + 1
    columns.seconds[row] = packet.seconds
    columns.protocol[row] = packet.protocol
    columns.srcPort[row] = ABSENT
    columns.dstPort[row] = packet.dstPort
    columns.region[row] = packRegion(packet.region)
    columns.asn[row] = packet.asn
    columns.tags[row] = packet.tags
    columns.ipVersion[row] = packet.ipVersion
    columns.src.set(packet.src, row * 4)
  }
  return {
    name: { sensor, epoch: '00', lane: 0, number },
    digest: '',
    epochStartedMs: 0,
    closedAtMs: 0,
    framesBefore: 0,
    kernelDrops: 0,
    declaredLosses: [],
    file: null,
    vantages,
    packets: columns,
    rejected: [],
    provenance: { geo: [], rules: '1', sensors: 'none' }
  }
}

/** 2022-05-10T14:50:00Z: ten minutes before midnight in Tokyo. */
export const START = 1652194200

const REGIONS = ['JP', 'KR', 'ZZ']
const ASNS = [0, 4766, 4294967295]

/** A source's address, and the region and AS number that follow from it, as they do from geo data. */
const testSource = record({
  number: integer({ min: 0, max: 8 }),
  ipVersion: constantFrom(4, 6)
}).map(({ number, ipVersion }): Pick<TestPacket, 'src' | 'ipVersion' | 'region' | 'asn'> => {
  const place = (number + ipVersion) % 9
  const src = ipVersion === 4 ? ([number, 0, 0, 0] as const) : ([number >> 1, 0, number & 1, number] as const)
  return { src, ipVersion, region: REGIONS[place % 3]!, asn: ASNS[Math.floor(place / 3)]! }
})

const testPacket = (seconds: number) =>
  record({
    seconds: integer({ min: START, max: START + seconds }),
    service: constantFrom([6, 23], [6, 22], [17, 53], [17, 23], [1, ABSENT], [6, ABSENT], [47, ABSENT]),
    source: testSource,
    tags: constantFrom(0, 1, 2, 3, 0b1000_0000_0001, 0b1000_0000_0000)
  }).map(({ seconds, service, source, tags }): TestPacket => {
    return { seconds, ...source, protocol: service[0], dstPort: service[1], tags }
  })

/** Batches of three sensors in two countries, over so many seconds. */
export const testBatches = (seconds: number) =>
  array(
    record({
      place: constantFrom(['tokyo-1', 'JP'], ['tokyo-2', 'JP'], ['seoul-1', 'KR']),
      packets: array(testPacket(seconds), { maxLength: 30 })
    }).map(({ place, packets }): TestBatch => ({ sensor: place[0], vantages: [place[1], 'all'], packets })),
    { maxLength: 6 }
  )
