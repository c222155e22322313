// Frames as a telescope sees them: scanners of several makes, backscatter, IPv6, fragments, and what is no IP packet.
// Each source does one thing, as real ones do; what that is follows from the seed.
import type { Random } from './random.ts'

/** Longest frame that is ever written. */
export const MAX_FRAME_BYTES = 160

/** Where the frames of a sensor are from. */
export interface FrameMakerOptions {
  readonly random: Random
  /** Ethernet header in front, or none (LINKTYPE_RAW). */
  readonly isEthernet: boolean
  /** The first three octets of the /24 that the sensor listens on, as one number. */
  readonly darkPrefix: number
  readonly sources: number
}

const KINDS = [
  'mirai',
  'zmap',
  'masscan',
  'syn',
  'udp',
  'dns-answer',
  'echo',
  'unreachable',
  'syn-ack',
  'reset',
  'ipv6-syn',
  'ipv6-udp',
  'ipv6-echo',
  'gre',
  'later-fragment',
  'first-fragment',
  'odd'
] as const
type Kind = (typeof KINDS)[number]

/** In hundredths: of a hundred sources so many are of the kind. */
const SHARES: Readonly<Record<Kind, number>> = {
  mirai: 22,
  zmap: 8,
  masscan: 9,
  syn: 18,
  udp: 10,
  'dns-answer': 3,
  echo: 5,
  unreachable: 3,
  'syn-ack': 4,
  reset: 2,
  'ipv6-syn': 4,
  'ipv6-udp': 2,
  'ipv6-echo': 3,
  gre: 1,
  'later-fragment': 2,
  'first-fragment': 1,
  odd: 3
}

const TCP_PORTS = [22, 80, 443, 6379, 8080, 445, 3389, 5555, 81, 8443, 1433, 3306, 25, 5900, 21, 7547, 37215]
const UDP_PORTS = [53, 123, 161, 1900, 5060, 11211, 389, 5353, 69, 3702]
const NO_IP_SHARE = 0.004
/** Of probes: one in so many goes to any port at all, which makes the long tail of ports. */
const ANY_PORT_ONE_IN = 400
const ETHERNET_BYTES = 14
const SYN = 0x02

/** Writes one frame after the other. */
export class FrameMaker {
  readonly #options: FrameMakerOptions
  readonly #kinds: Kind[]
  readonly #addresses: Uint32Array
  readonly #hopLimits: Uint8Array

  constructor(options: FrameMakerOptions) {
    const { random, sources } = options
    this.#options = options
    const drawn = KINDS.flatMap((kind) => Array.from({ length: SHARES[kind] }, () => kind))
    this.#kinds = Array.from({ length: sources }, () => random.pick(drawn))
    this.#addresses = Uint32Array.from({ length: sources }, () => sourceAddress(random))
    this.#hopLimits = Uint8Array.from({ length: sources }, () => 30 + random.below(226))
  }

  /** Writes a frame at `at`, whose bytes are 0, and answers its length in bytes. */
  write(bytes: Buffer, at: number): number {
    const { random, isEthernet } = this.#options
    if (random.isChance(NO_IP_SHARE)) return this.#writeNoIp(bytes, at)
    // Few sources send most packets.
    const source = Math.floor(this.#kinds.length * random.fraction() ** 3)
    const kind = this.#kinds[source]!
    const ip = isEthernet ? at + ETHERNET_BYTES : at
    const isIpv6 = kind.startsWith('ipv6')
    const end = isIpv6 ? this.#writeIpv6(bytes, ip, source, kind) : this.#writeIpv4(bytes, ip, source, kind)
    if (isEthernet) bytes.writeUInt16BE(isIpv6 ? 0x86dd : 0x0800, at + 12)
    return end - at
  }

  #writeIpv4(bytes: Buffer, ip: number, source: number, kind: Kind): number {
    const { random, darkPrefix } = this.#options
    const dst = ((darkPrefix << 8) | random.below(256)) >>> 0
    const at = ip + 20
    bytes[ip] = 0x45
    bytes.writeUInt16BE(random.below(0x10000), ip + 4)
    bytes[ip + 8] = this.#hopLimits[source]!
    bytes.writeUInt32BE(this.#addresses[source]!, ip + 12)
    bytes.writeUInt32BE(dst, ip + 16)
    let end = at
    switch (kind) {
      case 'mirai':
        end = this.#writeTcp(bytes, at, random.below(10) === 0 ? 2323 : 23, SYN)
        bytes.writeUInt32BE(dst, at + 4)
        break
      case 'zmap':
        bytes.writeUInt16BE(54321, ip + 4)
        end = this.#writeTcp(bytes, at, this.#portOf(source, TCP_PORTS), SYN)
        break
      case 'masscan':
        end = this.#writeTcp(bytes, at, this.#portOf(source, TCP_PORTS), SYN)
        bytes.writeUInt16BE((dst ^ bytes.readUInt16BE(at + 2) ^ bytes.readUInt32BE(at + 4)) & 0xffff, ip + 4)
        bytes.writeUInt16BE(1024, at + 14)
        break
      case 'syn':
        end = this.#writeTcp(bytes, at, this.#portOf(source, TCP_PORTS), SYN)
        // Options: maximum segment size, and no operations.
        bytes[at + 12] = 0x70
        bytes.writeUInt32BE(0x020405b4, end)
        bytes.writeUInt32BE(0x01010101, end + 4)
        end += 8
        break
      case 'syn-ack':
        end = this.#writeTcp(bytes, at, 1024 + ((source * 7919) % 600), 0x12)
        bytes.writeUInt16BE(443, at)
        break
      case 'reset':
        end = this.#writeTcp(bytes, at, 1024 + ((source * 104_729) % 600), 0x14)
        bytes.writeUInt16BE(80, at)
        break
      case 'udp':
        end = this.#writeUdp(bytes, at, 1024 + random.below(60_000), this.#portOf(source, UDP_PORTS))
        break
      case 'dns-answer':
        end = this.#writeUdp(bytes, at, 53, 1024 + ((source * 31) % 300))
        break
      case 'echo':
      case 'unreachable':
        bytes[at] = kind === 'echo' ? 8 : random.pick([3, 3, 11, 5])
        bytes[at + 1] = kind === 'echo' ? 0 : random.below(4)
        end = at + 8
        break
      case 'gre':
        end = at + 4
        break
      case 'later-fragment':
        bytes.writeUInt16BE(1 + random.below(100), ip + 6)
        end = at + 16
        break
      case 'first-fragment':
        bytes.writeUInt16BE(0x2000, ip + 6)
        end = this.#writeUdp(bytes, at, 4000, 500)
        break
      default:
        end = this.#writeOdd(bytes, ip, at, source)
    }
    bytes[ip + 9] = protocolOf(kind, bytes[ip + 9]!)
    bytes.writeUInt16BE(end - ip, ip + 2)
    return end
  }

  /** What only few send: port 0, source = destination, odd flags, headers with options, packets cut by the capture. */
  #writeOdd(bytes: Buffer, ip: number, at: number, source: number): number {
    bytes[ip + 9] = 6
    switch (source % 5) {
      case 0:
        return this.#writeTcp(bytes, at, 0, SYN)
      case 1:
        bytes.copy(bytes, ip + 12, ip + 16, ip + 20)
        return this.#writeTcp(bytes, at, 139, SYN)
      case 2:
        return this.#writeTcp(bytes, at, 80, this.#options.random.pick([0x00, 0x29, 0x03, 0xc2, 0x01]))
      case 3: {
        // Four bytes of IP options.
        bytes[ip] = 0x46
        bytes.writeUInt32BE(0x01010100, at)
        return this.#writeTcp(bytes, at + 4, 8080, SYN)
      }
      default:
        bytes[ip + 9] = 17
        return this.#writeUdp(bytes, at, 0, 27_015)
    }
  }

  #writeIpv6(bytes: Buffer, ip: number, source: number, kind: Kind): number {
    const { random, darkPrefix } = this.#options
    bytes[ip] = 0x60
    bytes[ip + 7] = this.#hopLimits[source]!
    // 2400::/12 is APNIC's; every tenth is a documentation address, which is a bogon.
    bytes.writeUInt32BE(
      source % 10 === 0 ? 0x20010db8 : 0x24000000 + (this.#addresses[source]! & 0xfffff),
      ip + 8
    )
    bytes.writeUInt32BE(source, ip + 20)
    bytes.writeUInt32BE(0x20010db8, ip + 24)
    bytes.writeUInt32BE(darkPrefix, ip + 28)
    bytes.writeUInt32BE(random.below(65_536), ip + 36)
    let at = ip + 40
    const protocol = kind === 'ipv6-syn' ? 6 : kind === 'ipv6-udp' ? 17 : 58
    const hasExtension = source % 7 === 0
    const isFragment = source % 11 === 0
    bytes[ip + 6] = protocol
    if (hasExtension) {
      // Destination options of 8 bytes: padding.
      bytes[ip + 6] = 60
      bytes[at] = protocol
      bytes[at + 2] = 1
      bytes[at + 3] = 4
      at += 8
    } else if (isFragment) {
      bytes[ip + 6] = 44
      bytes[at] = protocol
      bytes.writeUInt16BE(random.below(2) === 0 ? 0x0001 : 0x0040, at + 2)
      at += 8
    }
    let end = at + 8
    if (protocol === 6) end = this.#writeTcp(bytes, at, this.#portOf(source, TCP_PORTS), SYN)
    else if (protocol === 17) end = this.#writeUdp(bytes, at, 5000, this.#portOf(source, UDP_PORTS))
    else bytes[at] = random.pick([128, 128, 129, 1, 3])
    bytes.writeUInt16BE(end - ip - 40, ip + 4)
    return end
  }

  #portOf(source: number, ports: readonly number[]): number {
    const { random } = this.#options
    if (random.below(ANY_PORT_ONE_IN) === 0) return random.below(65_536)
    return ports[(source + random.below(3)) % ports.length]!
  }

  #writeTcp(bytes: Buffer, at: number, port: number, flags: number): number {
    const { random } = this.#options
    bytes.writeUInt16BE(1024 + random.below(60_000), at)
    bytes.writeUInt16BE(port, at + 2)
    bytes.writeUInt32BE(random.bits(), at + 4)
    bytes[at + 12] = 0x50
    bytes[at + 13] = flags
    bytes.writeUInt16BE(random.below(0x10000), at + 14)
    return at + 20
  }

  #writeUdp(bytes: Buffer, at: number, from: number, to: number): number {
    bytes.writeUInt16BE(from, at)
    bytes.writeUInt16BE(to, at + 2)
    bytes.writeUInt16BE(16, at + 4)
    return at + 16
  }

  /** ARP and LLDP on Ethernet; on both, IP headers that are cut short or cannot be. */
  #writeNoIp(bytes: Buffer, at: number): number {
    const { random, isEthernet } = this.#options
    const ip = isEthernet ? at + ETHERNET_BYTES : at
    const kind = random.below(isEthernet ? 6 : 4)
    if (isEthernet) bytes.writeUInt16BE([0x0800, 0x0800, 0x86dd, 0x0800, 0x0806, 0x88cc][kind]!, at + 12)
    switch (kind) {
      case 0:
        bytes[ip] = 0x45
        return ip + 12 - at
      case 1:
        bytes[ip] = 0x44
        return ip + 40 - at
      case 2:
        bytes[ip] = 0x60
        return ip + 30 - at
      case 3:
        // Total length below the header's.
        bytes[ip] = 0x45
        bytes.writeUInt16BE(12, ip + 2)
        return ip + 40 - at
      default:
        return ip + 28 - at
    }
  }
}

function protocolOf(kind: Kind, written: number): number {
  switch (kind) {
    case 'mirai':
    case 'zmap':
    case 'masscan':
    case 'syn':
    case 'syn-ack':
    case 'reset':
    case 'later-fragment':
      return 6
    case 'udp':
    case 'dns-answer':
    case 'first-fragment':
      return 17
    case 'echo':
    case 'unreachable':
      return 1
    case 'gre':
      return 47
    default:
      return written
  }
}

/** One source in fifty is of private or reserved space, as spoofed ones are. */
function sourceAddress(random: Random): number {
  const bits = random.bits()
  if (random.below(50) === 0)
    return random.pick([0x0a000000, 0xc0a80000, 0x7f000000, 0xe0000000, 0x64400000]) + (bits & 0xffff)
  return 0x01000000 + (bits % 0xdeffffff)
}
