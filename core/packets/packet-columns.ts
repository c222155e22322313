// Packets as columns of typed arrays: one allocation a batch, not a packet. Everything after the header
// decoder (tags, geo, windows, Avro) works on these.

/** Number that stands for "this packet has no such field" in the signed columns. */
export const ABSENT = -1

/** Whether a capture time, in seconds, fits the column of 32 bits unsigned: 1970 to 2106. */
export function isTimeInRange(seconds: number): boolean {
  return seconds >= 0 && seconds <= 0xffff_ffff
}

/** What a decoder saw and did not hold against the packet (bits of `notes`). */
export const NOTE = {
  /** The TCP data offset is under 5 or past the end of the packet; real Mirai bots send such SYNs. */
  tcpDataOffset: 1,
  /** The transport header ends before its fixed part does; what is there was read. */
  transportCutShort: 2
} as const

/**
 * Columns of up to `capacity` packets. Addresses take four 32-bit words a packet in network order;
 * an IPv4 address is word 0, the other three are 0, and `ipVersion` tells which.
 */
export class PacketColumns {
  readonly capacity: number
  /** Packets filled in; row i is valid for i < length. */
  length = 0
  /** Frame number in its capture file, 1-based; 0 where the packet came from a live interface. */
  readonly frame: Float64Array
  /** Capture time: seconds since 1970 UTC, and nanoseconds 0..999,999,999. */
  readonly seconds: Uint32Array
  readonly nanoseconds: Uint32Array
  readonly ipVersion: Uint8Array
  readonly src: Uint32Array
  readonly dst: Uint32Array
  /** IANA protocol number; for IPv6 the upper-layer header after the extension headers. */
  readonly protocol: Uint8Array
  /** TCP and UDP ports, else ABSENT (also in later fragments). */
  readonly srcPort: Int32Array
  readonly dstPort: Int32Array
  /** ICMP and ICMPv6 type and code, else ABSENT. */
  readonly icmpType: Int16Array
  readonly icmpCode: Int16Array
  /** The 12 low bits of TCP bytes 12-13 (reserved bits and flags), else ABSENT. */
  readonly tcpFlags: Int16Array
  /** TCP sequence number 0..2^32-1, else ABSENT. */
  readonly tcpSeq: Float64Array
  /** TCP data offset in 32-bit words as on the wire, 0 where absent. */
  readonly tcpDataOffset: Uint8Array
  /** TCP window as on the wire, else ABSENT. */
  readonly tcpWindow: Int32Array
  /** IPv4 identification, ABSENT for IPv6. */
  readonly ipId: Int32Array
  /**
   * IPv4 bytes 6-7 (flags and fragment offset); for IPv6 the same fields in the same layout, 0 without a fragment
   * header.
   */
  readonly fragment: Uint16Array
  /** IPv4 time to live, IPv6 hop limit. */
  readonly ttl: Uint8Array
  /** IPv4 total length as the header says, or the length on the wire where it says 0; IPv6 payload length + 40. */
  readonly ipLength: Uint32Array
  /** Bits of NOTE. */
  readonly notes: Uint8Array
  /** Bits of the tag table (core/tags/rules.ts). */
  readonly tags: Uint32Array
  /** ISO 3166-1 alpha-2 of the source as two ASCII bytes, first letter high; see packRegion. */
  readonly region: Uint16Array
  /** AS number of the source, 0 unknown. */
  readonly asn: Uint32Array

  /** With `counted` alone, the columns that counts do not need have no room. */
  constructor(capacity: number, fields: 'all' | 'counted' = 'all') {
    const rest = fields === 'all' ? capacity : 0
    this.capacity = capacity
    this.frame = new Float64Array(rest)
    this.seconds = new Uint32Array(capacity)
    this.nanoseconds = new Uint32Array(rest)
    this.ipVersion = new Uint8Array(capacity)
    this.src = new Uint32Array(capacity * 4)
    this.dst = new Uint32Array(rest * 4)
    this.protocol = new Uint8Array(capacity)
    this.srcPort = new Int32Array(rest)
    this.dstPort = new Int32Array(capacity)
    this.icmpType = new Int16Array(rest)
    this.icmpCode = new Int16Array(rest)
    this.tcpFlags = new Int16Array(rest)
    this.tcpSeq = new Float64Array(rest)
    this.tcpDataOffset = new Uint8Array(rest)
    this.tcpWindow = new Int32Array(rest)
    this.ipId = new Int32Array(rest)
    this.fragment = new Uint16Array(rest)
    this.ttl = new Uint8Array(rest)
    this.ipLength = new Uint32Array(rest)
    this.notes = new Uint8Array(rest)
    this.tags = new Uint32Array(capacity)
    this.region = new Uint16Array(capacity)
    this.asn = new Uint32Array(capacity)
  }
}
