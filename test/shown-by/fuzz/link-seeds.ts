// A capture of each link type that is decoded, in both formats: the same packets behind each kind of link header.
import { PcapngBlocks, pcap, u16 } from '../../core/capture/capture-builder.ts'

const START = 1_700_000_000

/** Hex digits as bytes. */
function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex')
}

const IPV4_SYN = hex(
  '4500 003c 1c46 4000 4006 0000 c633640a cb007101' +
    '9c40 0017 cb007101 00000000 a002 faf0 0000 0000 020405b4 0402080a 00000001 00000000 01030307'
)
const IPV4_OPTIONS_UDP = hex(
  '4600 0024 d431 0000 ff11 0000 c633640b cb007102 94040000 1234 0035 000c 0000 61626364'
)
const IPV4_ICMP = hex('4500 0038 0001 0000 3001 0000 c633640c cb007103 0303 0000 00000000')
const IPV4_ICMP_QUOTE = Buffer.concat([
  IPV4_ICMP,
  hex('4500 001c 0002 0000 0111 0000 cb007103 c633640c 1000 2000 0008 0000')
])
const IPV4_FRAGMENT = hex(
  '4500 0028 0003 00b9 4011 0000 c633640d cb007104 0102030405060708090a0b0c0d0e0f1011121314'
)
const IPV4_GRE = Buffer.concat([hex('4500 0054 0004 0000 402f 0000 c633640e cb007105 0000 0800'), IPV4_SYN])
const IPV6_SYN = hex(
  '6000 0000 0014 0640 20010db8000000000000000000000001 20010db8000000000000000000000002' +
    '9c40 01bb 00000001 00000000 5002 0400 0000 0000'
)
const IPV6_EXTENSIONS = hex(
  '6000 0000 0028 0040 20010db8000000000000000000000003 20010db8000000000000000000000004' +
    '3c00 0104 00000000 2c00 0104 00000000 1100 0000 00000007' +
    '0035 1234 0010 0000 6162636465666768'
)
const IPV6_ICMP = hex(
  '6000 0000 0008 3aff fe800000000000000000000000000001 ff020000000000000000000000000001 8700 0000 00000000'
)

const PACKETS = [
  IPV4_SYN,
  IPV6_SYN,
  IPV4_OPTIONS_UDP,
  IPV6_EXTENSIONS,
  IPV4_ICMP_QUOTE,
  IPV6_ICMP,
  IPV4_FRAGMENT,
  IPV4_GRE
]

type Order = 'little' | 'big'
type Encapsulate = (packet: Buffer, version: 4 | 6, order: Order) => Buffer

const MAC = '020000000001 020000000002'
const ETHER_TYPE = { 4: '0800', 6: '86dd' } as const
const PPP = { 4: '0021', 6: '0057' } as const

function behind(header: (version: 4 | 6, packetBytes: number) => string): Encapsulate {
  return (packet, version) => Buffer.concat([hex(header(version, packet.length)), packet])
}

/** A session's header: the length counts the PPP protocol number too. */
function pppoe(version: 4 | 6, packetBytes: number): string {
  return `1100 0001 ${hex16(packetBytes + 2)} ${PPP[version]}`
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0')
}

/** IEEE 802.11 QoS data, then LLC and SNAP. */
const wifi = (version: 4 | 6): string =>
  `8802 0000 ${'020000000003'.repeat(3)} 1000 0000 aaaa03 000000 ${ETHER_TYPE[version]}`

interface LinkSeed {
  readonly name: string
  readonly linkType: number
  readonly encapsulate: Encapsulate
}

const LINKS: readonly LinkSeed[] = [
  { name: 'ethernet', linkType: 1, encapsulate: behind((v) => `${MAC} ${ETHER_TYPE[v]}`) },
  { name: 'vlan', linkType: 1, encapsulate: behind((v) => `${MAC} 8100 0064 ${ETHER_TYPE[v]}`) },
  { name: 'qinq', linkType: 1, encapsulate: behind((v) => `${MAC} 88a8 0064 8100 0065 ${ETHER_TYPE[v]}`) },
  { name: 'mpls', linkType: 1, encapsulate: behind(() => `${MAC} 8847 0001 0040 0002 0140`) },
  { name: 'pppoe', linkType: 1, encapsulate: behind((v, bytes) => `${MAC} 8864 ${pppoe(v, bytes)}`) },
  {
    name: 'snap',
    linkType: 1,
    encapsulate: behind((v, bytes) => `${MAC} ${hex16(bytes + 8)} aaaa03 000000 ${ETHER_TYPE[v]}`)
  },
  { name: 'raw', linkType: 101, encapsulate: (packet) => packet },
  { name: 'raw-12', linkType: 12, encapsulate: (packet) => packet },
  { name: 'ipv4', linkType: 228, encapsulate: (packet) => packet },
  { name: 'ipv6', linkType: 229, encapsulate: (packet) => packet },
  { name: 'null', linkType: 0, encapsulate: behind((v) => (v === 4 ? '02000000' : '1e000000')) },
  { name: 'loop', linkType: 108, encapsulate: behind((v) => (v === 4 ? '00000002' : '0000001c')) },
  {
    name: 'sll',
    linkType: 113,
    encapsulate: behind((v) => `0000 0001 0006 0200000000010000 ${ETHER_TYPE[v]}`)
  },
  {
    name: 'sll2',
    linkType: 276,
    encapsulate: behind((v) => `${ETHER_TYPE[v]} 0000 00000002 0001 04 06 0200000000010000`)
  },
  { name: 'ppp', linkType: 9, encapsulate: behind((v) => `ff03 ${PPP[v]}`) },
  { name: 'ppp-hdlc', linkType: 50, encapsulate: behind((v) => `ff03 ${PPP[v]}`) },
  { name: 'ppp-ether', linkType: 51, encapsulate: behind(pppoe) },
  { name: 'c-hdlc', linkType: 104, encapsulate: behind((v) => `0f00 ${ETHER_TYPE[v]}`) },
  { name: 'nflog', linkType: 239, encapsulate: nflog },
  { name: 'wifi', linkType: 105, encapsulate: behind(wifi) },
  {
    name: 'radiotap',
    linkType: 127,
    encapsulate: behind((v) => `0000 1200 2e480000 00 02 6c09 a000 d800 0000 ${wifi(v)}`)
  }
]

/** Attributes, in the byte order of the machine that captured: a hardware protocol, then the packet. */
function nflog(packet: Buffer, version: 4 | 6, order: Order): Buffer {
  const attribute = (type: number, value: Buffer) =>
    Buffer.concat([u16(value.length + 4, order), u16(type, order), value])
  const family = hex(version === 4 ? '02000000' : '0a000000')
  return Buffer.concat([family, attribute(1, Buffer.alloc(4)), attribute(9, packet)])
}

/** A seed: its name, and the bytes of a sound capture. */
export interface CaptureSeed {
  readonly name: string
  readonly bytes: Buffer
}

/** One capture a link type, pcap and pcapng by turns, in both byte orders. */
export function linkSeeds(): CaptureSeed[] {
  return LINKS.map(({ name, linkType, encapsulate }, i) => {
    const order = (i & 2) === 0 ? 'little' : 'big'
    const frames = framesOf({ name, linkType, encapsulate }, order)
    if ((i & 1) === 0) {
      const records = frames.map((data, n) => ({ seconds: START + n, subSeconds: 999_999 - n, data }))
      return { name: `${name}.pcap`, bytes: pcap({ linkType, order }, records) }
    }
    const blocks = new PcapngBlocks(order)
    const packets = frames.map((data, n) =>
      blocks.packet({ time: BigInt(START + n) * 1_000_000n + 7n, data })
    )
    return {
      name: `${name}.pcapng`,
      bytes: Buffer.concat([blocks.section(), blocks.interface({ linkType }), ...packets])
    }
  })
}

/** A pcapng with every kind of block: two sections, three interfaces, units and offsets of time. */
export function everyBlockSeed(): CaptureSeed {
  const little = new PcapngBlocks('little')
  const big = new PcapngBlocks('big')
  const nanoseconds = little.option(9, Buffer.from([9]))
  const offset = big.option(14, Buffer.from('0000000000000064', 'hex'))
  const binary = big.option(9, Buffer.from([0x94]))
  const frames = framesOf(LINKS[0]!, 'little')
  return {
    name: 'every-block.pcapng',
    bytes: Buffer.concat([
      little.section(),
      little.interface({ linkType: 1 }),
      little.interface({ linkType: 101, options: [nanoseconds], snapLength: 65_535 }),
      little.block(4, Buffer.alloc(8)),
      little.packet({ time: BigInt(START) * 1_000_000n, data: frames[0]! }),
      little.packet({ id: 1, time: BigInt(START) * 1_000_000_000n + 1n, data: PACKETS[1]! }),
      little.simplePacket({ data: frames[2]! }),
      little.block(5, Buffer.alloc(12)),
      big.section(),
      big.interface({ linkType: 228, options: [binary, offset] }),
      big.obsoletePacket({ time: BigInt(START) << 20n, data: PACKETS[0]! }),
      big.packet({ time: (BigInt(START) << 20n) + 5n, data: PACKETS[2]! }),
      big.block(0x0bad, Buffer.from('no such block...'))
    ])
  }
}

function framesOf({ encapsulate, name }: LinkSeed, order: Order): Buffer[] {
  const only = name === 'ipv4' ? 4 : name === 'ipv6' ? 6 : null
  return PACKETS.filter((packet) => only === null || versionOf(packet) === only).map((packet) =>
    encapsulate(packet, versionOf(packet), order)
  )
}

function versionOf(packet: Buffer): 4 | 6 {
  return packet[0]! >> 4 === 4 ? 4 : 6
}
