// Traffic as a telescope sees it, the same for the same seed, frame by frame, with what must be counted of it.
import type { Frame } from '../../core/capture/frame.ts'
import { unicastAddress } from '../syn-capture.ts'

/** What is sent, in shares of all packets; the rest are TCP SYNs that are not Mirai's. */
export const SHARES = { mirai: 0.2, udp: 0.05, icmp: 0.03, damaged: 0.01, ipv6: 0.02, synAck: 0.04 } as const

/** Where each kind ends on the way from 0 to 1. */
const DAMAGED_END = SHARES.damaged
const IPV6_END = DAMAGED_END + SHARES.ipv6
const UDP_END = IPV6_END + SHARES.udp
const ICMP_END = UDP_END + SHARES.icmp
const MIRAI_END = ICMP_END + SHARES.mirai
const SYN_ACK_END = MIRAI_END + SHARES.synAck

/** How the traffic of one sensor is made. */
export interface TrafficOptions {
  readonly seed: number
  /** The first three octets of the /24 that the sensor listens on, as one number. */
  readonly darkPrefix: number
  /** Of a pool that all sensors share. */
  readonly sources: number
  readonly startSeconds: number
  /** Packets in a second of packet time. */
  readonly packetsPerSecond: number
}

/** What was made until now. */
export interface TrafficTruth {
  /** Packets of each TCP and UDP port, by (isUdp << 16 | port). */
  readonly packetsByPort: Float64Array
  frames: number
  miraiPackets: number
  damagedFrames: number
}

const TCP_PORTS = [23, 22, 80, 443, 6379, 8080, 2323, 445, 3389, 5555, 81, 8443, 1433, 3306, 25, 5900]
const UDP_PORTS = [53, 123, 161, 1900, 5060, 11_211, 389, 5353]
/** One SYN in ten goes to any port at all: the long tail. */
const ANY_PORT_SHARE = 0.1
/** One packet in fifty has a source that is drawn from all addresses, so that hardly any other packet has it. */
const NEW_SOURCE_SHARE = 0.02
const ETHERNET_BYTES = 14
const LINKTYPE_ETHERNET = 1
const MAX_FRAME_BYTES = 96
const SYN = 0x02
const SYN_ACK = 0x12

/** Makes one frame after the other into the same memory. */
export class Traffic {
  readonly truth: TrafficTruth = {
    packetsByPort: new Float64Array(2 << 16),
    frames: 0,
    miraiPackets: 0,
    damagedFrames: 0
  }
  /** Overwritten by `next`. */
  readonly frame: Frame
  readonly #options: TrafficOptions
  readonly #pool: Uint32Array
  readonly #bytes = Buffer.alloc(MAX_FRAME_BYTES)
  #state: number

  constructor(options: TrafficOptions) {
    this.#options = options
    this.#state = Math.imul(options.seed + 1, 0x9e3779b1) >>> 0 || 1
    this.#pool = poolOf(options.sources)
    this.frame = {
      number: 0,
      seconds: options.startSeconds,
      nanoseconds: 0,
      linkType: LINKTYPE_ETHERNET,
      bytes: this.#bytes,
      start: 0,
      end: 0,
      wireLengthBytes: 0
    }
  }

  next(): void {
    const { truth, frame } = this
    const { startSeconds, packetsPerSecond } = this.#options
    const seconds = truth.frames / packetsPerSecond
    frame.seconds = startSeconds + Math.floor(seconds)
    frame.nanoseconds = Math.floor((seconds % 1) * 1e9)
    truth.frames += 1
    frame.number = truth.frames
    frame.end = this.#write()
    frame.wireLengthBytes = frame.end
  }

  #write(): number {
    const bytes = this.#bytes
    bytes.fill(0)
    const kind = this.#fraction()
    if (kind < DAMAGED_END) return this.#writeDamaged()
    if (kind < IPV6_END) return this.#writeIpv6()
    const destination = ((this.#options.darkPrefix << 8) | (this.#bits() & 0xff)) >>> 0
    const at = ETHERNET_BYTES + 20
    bytes.writeUInt16BE(0x0800, 12)
    bytes[14] = 0x45
    bytes.writeUInt16BE(this.#bits() & 0xffff, 18)
    bytes[22] = 30 + (this.#bits() % 220)
    bytes.writeUInt32BE(this.#source(), 26)
    bytes.writeUInt32BE(destination, 30)
    let end: number
    if (kind < UDP_END) end = this.#writeUdp(at)
    else if (kind < ICMP_END) end = this.#writeIcmp(at)
    else if (kind < MIRAI_END) end = this.#writeMirai(at, destination)
    else if (kind < SYN_ACK_END) end = this.#writeTcp(at, 1024 + (this.#bits() % 60_000), SYN_ACK)
    else end = this.#writeTcp(at, this.#port(), SYN)
    bytes.writeUInt16BE(end - ETHERNET_BYTES, 16)
    return end
  }

  #writeMirai(at: number, destination: number): number {
    const end = this.#writeTcp(at, this.#bits() % 10 === 0 ? 2323 : 23, SYN)
    this.#bytes.writeUInt32BE(destination, at + 4)
    this.truth.miraiPackets += 1
    return end
  }

  #writeTcp(at: number, port: number, flags: number): number {
    const bytes = this.#bytes
    bytes[ETHERNET_BYTES + 9] = 6
    bytes.writeUInt16BE(1024 + (this.#bits() % 60_000), at)
    bytes.writeUInt16BE(port, at + 2)
    bytes.writeUInt32BE(this.#bits(), at + 4)
    bytes[at + 12] = 0x50
    bytes[at + 13] = flags
    bytes.writeUInt16BE(this.#bits() & 0xffff, at + 14)
    this.truth.packetsByPort[port]! += 1
    return at + 20
  }

  #writeUdp(at: number): number {
    const bytes = this.#bytes
    const port = UDP_PORTS[this.#bits() & 7]!
    bytes[ETHERNET_BYTES + 9] = 17
    bytes.writeUInt16BE(1024 + (this.#bits() % 60_000), at)
    bytes.writeUInt16BE(port, at + 2)
    bytes.writeUInt16BE(16, at + 4)
    this.truth.packetsByPort[(1 << 16) | port]! += 1
    return at + 16
  }

  #writeIcmp(at: number): number {
    this.#bytes[ETHERNET_BYTES + 9] = 1
    this.#bytes[at] = 8
    return at + 8
  }

  /** A SYN from one of a thousand hosts of 2400::/12. */
  #writeIpv6(): number {
    const bytes = this.#bytes
    const host = this.#bits() % 1000
    const port = TCP_PORTS[host & 15]!
    bytes.writeUInt16BE(0x86dd, 12)
    bytes[14] = 0x60
    bytes.writeUInt16BE(20, 18)
    bytes[20] = 6
    bytes[21] = 50
    bytes.writeUInt32BE(0x24000000 + host, 22)
    bytes.writeUInt32BE(1, 34)
    bytes.writeUInt32BE(0x20010db8, 38)
    bytes.writeUInt32BE(this.#options.darkPrefix, 42)
    bytes.writeUInt32BE(this.#bits() & 0xff, 50)
    bytes.writeUInt16BE(40_000, 54)
    bytes.writeUInt16BE(port, 56)
    bytes.writeUInt32BE(this.#bits(), 58)
    bytes[66] = 0x50
    bytes[67] = SYN
    this.truth.packetsByPort[port]! += 1
    return 74
  }

  /** An IPv4 header that ends too early. */
  #writeDamaged(): number {
    this.#bytes.writeUInt16BE(0x0800, 12)
    this.#bytes[14] = 0x45
    this.truth.damagedFrames += 1
    return ETHERNET_BYTES + 12
  }

  #port(): number {
    if (this.#fraction() < ANY_PORT_SHARE) return this.#bits() & 0xffff
    return TCP_PORTS[Math.floor(TCP_PORTS.length * this.#fraction() ** 2)]!
  }

  /** Zipf's law: the r-th busiest sends 1/r of what the busiest does. */
  #source(): number {
    if (this.#fraction() < NEW_SOURCE_SHARE) return unicastAddress(this.#bits())
    return this.#pool[Math.floor(this.#pool.length ** this.#fraction()) - 1]!
  }

  #fraction(): number {
    return this.#bits() / 2 ** 32
  }

  #bits(): number {
    this.#state = nextBits(this.#state)
    return this.#state
  }
}

/** 32 bits a call (xorshift32; Marsaglia, 2003). */
function nextBits(state: number): number {
  let bits = state ^ (state << 13)
  bits ^= bits >>> 17
  bits ^= bits << 5
  return bits >>> 0
}

const POOL_SEED = 20_220_401
const pools = new Map<number, Uint32Array>()

/** The sources that all sensors have in common, the busiest first. */
function poolOf(sources: number): Uint32Array {
  let pool = pools.get(sources)
  if (pool === undefined) {
    let state = POOL_SEED
    pool = Uint32Array.from({ length: sources }, () => {
      state = nextBits(state)
      return unicastAddress(state)
    })
    pools.set(sources, pool)
  }
  return pool
}
