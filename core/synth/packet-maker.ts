// Packets as the tools make them, with right checksums. What a source always has (its distance, its port) follows from its
// address, everything else from the packet's own random words.
import { mixed } from './draws.ts'
import type { Tool } from './scenario.ts'

/** What a packet is to be. */
export interface PacketFacts {
  readonly tool: Tool
  readonly src: number
  readonly dst: number
  /** IANA protocol number: 6, 17 or 1. */
  readonly protocol: number
  /** Destination port; of ICMP it is not looked at. */
  readonly port: number
  /** 32 random bits. */
  readonly word: number
}

const ICMP = 1
const TCP = 6
const UDP = 17
const SYN = 0x02
const SYN_ACK = 0x12
const RST_ACK = 0x14
const IP_BYTES = 20
/** Hops between a source and a telescope. */
const LEAST_HOPS = 5
const MOST_HOPS = 25
const ZMAP_IP_ID = 54_321
const LARGEST_BYTES = 128

/** Header of what a host says that it cannot deliver, with the packet that it got. */
const UNREACHABLE_BYTES = 8 + 28

/** TCP options: maximum segment size alone, as Linux and as Windows write them. */
const OPTIONS = {
  none: [],
  mss: [2, 4, 5, 180],
  linux: [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7],
  windows: [2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2]
} as const

/** Makes one packet at a time, in memory that it uses again. */
export class PacketMaker {
  /** The bytes of the newest packet begin here, with its IP header. */
  readonly bytes = new Uint8Array(LARGEST_BYTES)
  readonly #view = new DataView(this.bytes.buffer)

  /** Writes a packet into `bytes`; answers its length. */
  make(facts: PacketFacts): number {
    switch (facts.tool) {
      case 'mirai':
        // mirai/bot/scanner.c: sequence number = destination, a port of its own, any window, TTL 64.
        return this.#syn(
          facts,
          facts.dst,
          botPort(facts.src),
          facts.word & 0xffff,
          64,
          'none',
          mixed(facts.word) & 0xffff
        )
      case 'zmap':
        // ZMap: identification 54321, TTL 255, window 65535, the segment size as its only option.
        return this.#syn(
          facts,
          mixed(facts.word),
          32_768 + (facts.word % 28_233),
          65_535,
          255,
          'mss',
          ZMAP_IP_ID
        )
      case 'masscan': {
        const seq = mixed(facts.word)
        // masscan: identification = address ^ port ^ sequence number, TTL 255, window 1024.
        const id = (facts.dst ^ facts.port ^ seq) & 0xffff
        return this.#syn(facts, seq, 40_000 + (mixed(facts.src) % 20_000), 1024, 255, 'none', id)
      }
      case 'linux':
        return this.#connect(facts, 64, 64_240, 'linux')
      case 'windows':
        return this.#connect(facts, 128, 8192, 'windows')
      case 'echo':
        return this.#echo(facts)
      case 'udp':
        return this.#udp(facts)
      case 'backscatter':
        return this.#backscatter(facts)
      default:
        return facts.tool satisfies never
    }
  }

  #connect(facts: PacketFacts, ttl: number, window: number, options: keyof typeof OPTIONS): number {
    const length = this.#syn(
      facts,
      mixed(facts.word),
      1024 + (facts.word % 64_512),
      window,
      ttl,
      options,
      mixed(facts.word + 1) & 0xffff
    )
    if (options === 'linux') {
      // The time stamp of a SYN that answers nothing.
      this.#view.setUint32(IP_BYTES + 20 + 8, mixed(facts.src) + (facts.word >>> 8))
      this.#closeTransport(TCP, facts, length)
    }
    return length
  }

  #syn(
    facts: PacketFacts,
    seq: number,
    srcPort: number,
    window: number,
    ttl: number,
    options: keyof typeof OPTIONS,
    id: number
  ): number {
    return this.#tcp(facts, srcPort, facts.port, seq, 0, SYN, window, ttl, options, id)
  }

  #tcp(
    facts: PacketFacts,
    srcPort: number,
    dstPort: number,
    seq: number,
    ack: number,
    flags: number,
    window: number,
    ttl: number,
    options: keyof typeof OPTIONS,
    id: number
  ): number {
    const optionBytes = OPTIONS[options]
    const length = IP_BYTES + 20 + optionBytes.length
    const view = this.#view
    this.#ip(facts, TCP, length, ttl, id)
    view.setUint16(IP_BYTES, srcPort)
    view.setUint16(IP_BYTES + 2, dstPort)
    view.setUint32(IP_BYTES + 4, seq)
    view.setUint32(IP_BYTES + 8, ack)
    this.bytes[IP_BYTES + 12] = ((20 + optionBytes.length) / 4) << 4
    this.bytes[IP_BYTES + 13] = flags
    view.setUint16(IP_BYTES + 14, window)
    view.setUint16(IP_BYTES + 18, 0)
    for (let i = 0; i < optionBytes.length; i++) this.bytes[IP_BYTES + 20 + i] = optionBytes[i]!
    this.#closeTransport(TCP, facts, length)
    return length
  }

  #echo(facts: PacketFacts): number {
    const length = IP_BYTES + 8 + 32
    this.#ip(facts, ICMP, length, 64, facts.word & 0xffff)
    this.#view.setUint16(IP_BYTES, 0x0800)
    this.#view.setUint16(IP_BYTES + 4, mixed(facts.src) & 0xffff)
    this.#view.setUint16(IP_BYTES + 6, facts.word >>> 16)
    for (let i = 0; i < 32; i++) this.bytes[IP_BYTES + 8 + i] = 0x61 + (i % 23)
    this.#closeIcmp(length)
    return length
  }

  #udp(facts: PacketFacts): number {
    const payload = 8 + (facts.word & 31)
    const length = IP_BYTES + 8 + payload
    this.#ip(facts, UDP, length, 64, mixed(facts.word) & 0xffff)
    this.#view.setUint16(IP_BYTES, 1024 + (mixed(facts.src) % 64_512))
    this.#view.setUint16(IP_BYTES + 2, facts.port)
    this.#view.setUint16(IP_BYTES + 4, 8 + payload)
    for (let i = 0; i < payload; i++) this.bytes[IP_BYTES + 8 + i] = mixed(facts.word + i) & 255
    this.#closeTransport(UDP, facts, length)
    return length
  }

  /** A victim of spoofed packets answers: most accept, some refuse, a few routers cannot deliver. */
  #backscatter(facts: PacketFacts): number {
    const kind = facts.word % 10
    if (kind === 9) return this.#unreachable(facts)
    const service = [80, 443, 22, 53, 25][mixed(facts.src) % 5]!
    const flags = kind < 6 ? SYN_ACK : RST_ACK
    const [seq, ack] =
      flags === SYN_ACK ? [mixed(facts.word), mixed(facts.word + 2)] : [0, mixed(facts.word + 2)]
    const options = flags === SYN_ACK ? 'mss' : 'none'
    const window = flags === SYN_ACK ? 29_200 : 0
    return this.#tcp(facts, service, facts.port, seq, ack, flags, window, 64, options, facts.word >>> 16)
  }

  #unreachable(facts: PacketFacts): number {
    const length = IP_BYTES + UNREACHABLE_BYTES
    this.#ip(facts, ICMP, length, 255, facts.word & 0xffff)
    this.bytes.fill(0, IP_BYTES, length)
    this.#view.setUint16(IP_BYTES, 0x0301)
    // The packet that it got, from the telescope as it seemed.
    this.bytes[IP_BYTES + 8] = 0x45
    this.#view.setUint16(IP_BYTES + 10, 40)
    this.bytes[IP_BYTES + 16] = 50
    this.bytes[IP_BYTES + 17] = TCP
    this.#view.setUint32(IP_BYTES + 20, facts.dst)
    this.#view.setUint32(IP_BYTES + 24, mixed(facts.src) >>> 0)
    this.#view.setUint16(IP_BYTES + 28, facts.port)
    this.#view.setUint16(IP_BYTES + 30, 80)
    this.#closeIcmp(length)
    return length
  }

  #ip(facts: PacketFacts, protocol: number, length: number, ttl: number, id: number): void {
    const view = this.#view
    const hops = LEAST_HOPS + (mixed(facts.src) % (MOST_HOPS - LEAST_HOPS))
    view.setUint16(0, 0x4500)
    view.setUint16(2, length)
    view.setUint16(4, id)
    view.setUint16(6, 0)
    this.bytes[8] = ttl - hops
    this.bytes[9] = protocol
    view.setUint16(10, 0)
    view.setUint32(12, facts.src)
    view.setUint32(16, facts.dst)
    view.setUint16(10, checksum(view, 0, IP_BYTES, 0))
  }

  #closeIcmp(length: number): void {
    this.#view.setUint16(IP_BYTES + 2, 0)
    this.#view.setUint16(IP_BYTES + 2, checksum(this.#view, IP_BYTES, length, 0))
  }

  #closeTransport(protocol: number, { src, dst }: PacketFacts, length: number): void {
    const at = IP_BYTES + (protocol === TCP ? 16 : 6)
    const pseudo =
      (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + protocol + length - IP_BYTES
    this.#view.setUint16(at, 0)
    this.#view.setUint16(at, checksum(this.#view, IP_BYTES, length, pseudo))
  }
}

/** The port that a bot sends from, as long as it lives. */
function botPort(src: number): number {
  return 1024 + (mixed(src + 7) % 64_512)
}

/** RFC 1071 over bytes[from..to), an odd last byte as if a 0 followed. */
function checksum(view: DataView, from: number, to: number, start: number): number {
  let sum = start
  let at = from
  for (; at + 1 < to; at += 2) sum += view.getUint16(at)
  if (at < to) sum += view.getUint8(at) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
