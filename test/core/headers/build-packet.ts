// Packets for tests, built field by field. Checksums are 0: nothing here reads them.

const bytesOf = (...numbers: number[]): number[] => numbers
const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff]
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]

export const quad = (text: string): number[] => text.split('.').map(Number)

export interface Ipv4Fields {
  readonly protocol?: number
  readonly src?: string
  readonly dst?: string
  readonly id?: number
  readonly fragment?: number
  readonly ttl?: number
  /** A multiple of 4 bytes. */
  readonly options?: readonly number[]
  readonly totalLength?: number
  readonly ihl?: number
}

export function ipv4(fields: Ipv4Fields, payload: readonly number[]): Uint8Array {
  const options = fields.options ?? []
  const headerBytes = 20 + options.length
  return Uint8Array.from([
    ...bytesOf(0x40 | (fields.ihl ?? headerBytes / 4), 0),
    ...u16(fields.totalLength ?? headerBytes + payload.length),
    ...u16(fields.id ?? 1),
    ...u16(fields.fragment ?? 0),
    ...bytesOf(fields.ttl ?? 64, fields.protocol ?? 6),
    ...u16(0),
    ...quad(fields.src ?? '8.8.4.4'),
    ...quad(fields.dst ?? '203.0.113.9'),
    ...options,
    ...payload
  ])
}

export interface Ipv6Fields {
  readonly next?: number
  readonly src?: readonly number[]
  readonly dst?: readonly number[]
  readonly hopLimit?: number
  readonly payloadLength?: number
}

export const V6_SRC: readonly number[] = [0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11]
export const V6_DST: readonly number[] = [0x2a, 0, 0x14, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x22]

export function ipv6(fields: Ipv6Fields, payload: readonly number[]): Uint8Array {
  return Uint8Array.from([
    ...bytesOf(0x60, 0, 0, 0),
    ...u16(fields.payloadLength ?? payload.length),
    ...bytesOf(fields.next ?? 6, fields.hopLimit ?? 64),
    ...(fields.src ?? V6_SRC),
    ...(fields.dst ?? V6_DST),
    ...payload
  ])
}

export interface TcpFields {
  readonly srcPort?: number
  readonly dstPort?: number
  readonly seq?: number
  /** The 12 low bits of bytes 12-13. */
  readonly flags?: number
  readonly window?: number
  readonly dataOffset?: number
  /** A multiple of 4 bytes. */
  readonly options?: readonly number[]
}

export function tcp(fields: TcpFields, payload: readonly number[] = []): number[] {
  const options = fields.options ?? []
  const dataOffset = fields.dataOffset ?? 5 + options.length / 4
  const flags = fields.flags ?? 0x02
  return [
    ...u16(fields.srcPort ?? 40000),
    ...u16(fields.dstPort ?? 23),
    ...u32(fields.seq ?? 0x01020304),
    ...u32(0),
    ...bytesOf((dataOffset << 4) | (flags >> 8), flags & 0xff),
    ...u16(fields.window ?? 65535),
    ...u32(0),
    ...options,
    ...payload
  ]
}

export function udp(srcPort: number, dstPort: number, payload: readonly number[] = []): number[] {
  return [...u16(srcPort), ...u16(dstPort), ...u16(8 + payload.length), ...u16(0), ...payload]
}

export function icmp(type: number, code = 0, rest: readonly number[] = [0, 0, 0, 0]): number[] {
  return [type, code, 0, 0, ...rest]
}
