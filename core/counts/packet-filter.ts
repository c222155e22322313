// The conditions of a query, made ready for one look-up a packet.
import { ABSENT, type PacketColumns } from '../packets/packet-columns.ts'
import { packRegion } from '../packets/region-code.ts'
import type { CountQuery } from './query.ts'

/** Answers whether a packet is asked for by time and conditions, its sensor and vantage apart. */
export class PacketFilter {
  /** True where no packet is ever refused. */
  readonly admitsAll: boolean
  readonly #from: number
  readonly #to: number
  readonly #tagBits: number
  readonly #regions: Uint8Array | null
  readonly #asns: ReadonlySet<number> | null
  readonly #ports: PortSet | null
  readonly #protocols: Uint8Array | null

  constructor({ fromSeconds, toSeconds, where }: CountQuery) {
    this.#from = fromSeconds ?? Number.NEGATIVE_INFINITY
    this.#to = toSeconds ?? Number.POSITIVE_INFINITY
    this.#tagBits = where.tagBits
    this.#regions = where.regions.length > 0 ? bitmap(0x10000, where.regions.map(packRegion)) : null
    this.#asns = where.asns.length > 0 ? new Set(where.asns) : null
    this.#ports = where.ports.length > 0 ? new PortSet(where.ports) : null
    this.#protocols = where.protocols.length > 0 ? bitmap(256, where.protocols) : null
    const asked = [this.#regions, this.#asns, this.#ports, this.#protocols]
    const hasTimes = fromSeconds !== null || toSeconds !== null
    this.admitsAll = !hasTimes && this.#tagBits === 0 && asked.every((condition) => condition === null)
  }

  /** By time only: rolling windows end at the newest of these. */
  isInTime(columns: PacketColumns, row: number): boolean {
    const seconds = columns.seconds[row]!
    return seconds >= this.#from && seconds < this.#to
  }

  admits(columns: PacketColumns, row: number): boolean {
    if (!this.isInTime(columns, row)) return false
    if (this.#tagBits !== 0 && (columns.tags[row]! & this.#tagBits) === 0) return false
    if (this.#regions !== null && this.#regions[columns.region[row]!] === 0) return false
    if (this.#protocols !== null && this.#protocols[columns.protocol[row]!] === 0) return false
    if (this.#ports !== null && !this.#ports.has(columns.protocol[row]!, columns.dstPort[row]!)) return false
    return this.#asns === null || this.#asns.has(columns.asn[row]!)
  }
}

/** A set of port codes as a bitmap a protocol; place 65,536 stands for no port. */
class PortSet {
  readonly #byProtocol = new Map<number, Uint8Array>()

  constructor(codes: readonly number[]) {
    for (const code of codes) {
      const protocol = code >>> 17
      const ports = this.#byProtocol.get(protocol) ?? new Uint8Array(0x10001)
      ports[code & 0x1ffff] = 1
      this.#byProtocol.set(protocol, ports)
    }
  }

  has(protocol: number, port: number): boolean {
    const ports = this.#byProtocol.get(protocol)
    return ports !== undefined && ports[port === ABSENT ? 0x10000 : port] === 1
  }
}

function bitmap(size: number, members: readonly number[]): Uint8Array {
  const map = new Uint8Array(size)
  for (const member of members) map[member] = 1
  return map
}
