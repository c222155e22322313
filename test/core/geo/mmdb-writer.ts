// Writes small MMDB files for tests: every record size, both IP versions, aliases of the IPv4 tree.

import { ipv6 } from './addresses.ts'

/** What a record may hold: text, whole numbers (uint32), truth, lists and maps. */
export type Writable = string | number | boolean | readonly Writable[] | { readonly [key: string]: Writable }

export interface MmdbContents {
  readonly ipVersion: 4 | 6
  readonly recordBits: 24 | 28 | 32
  readonly buildEpochSeconds?: number
  /** [network, record], for example ['192.0.2.0/24', {...}] or ['2001:db8::/32', {...}]. */
  readonly networks: readonly (readonly [string, Writable])[]
  /** IPv6 networks that point to the IPv4 tree, as MaxMind's 2002::/16 does. */
  readonly aliases?: readonly string[]
  /** Zero bytes before the first record, so that records lie far away. */
  readonly paddingBytes?: number
  /** Metadata to write instead of the right one. */
  readonly metadata?: { readonly [key: string]: Writable }
}

/** Zero bytes between the tree and the data section. */
const SEPARATOR_BYTES = 16

/** A node's side: another node, a leaf's offset in the data section, or nothing. */
type Side = { readonly node: number } | { readonly data: number } | null

/** The bytes of the file. */
export function writeMmdb(contents: MmdbContents): Uint8Array<ArrayBuffer> {
  const nodes: [Side, Side][] = [[null, null]]
  const padding = contents.paddingBytes ?? 0
  const data: number[] = []
  for (const [network, record] of contents.networks) {
    setSide(nodes, bitsOf(network, contents.ipVersion), { data: padding + data.length })
    data.push(...encodeValue(record))
  }
  for (const alias of contents.aliases ?? []) {
    setSide(nodes, bitsOf(alias, 6), { node: nodeAt(nodes, '0'.repeat(96)) })
  }
  const metadata = {
    node_count: nodes.length,
    record_size: contents.recordBits,
    ip_version: contents.ipVersion,
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: contents.buildEpochSeconds ?? 1_700_000_000,
    database_type: 'Test',
    languages: ['en'],
    description: { en: 'test' },
    ...contents.metadata
  }
  const tree = nodes.flatMap((sides) => encodeNode(sides, nodes.length, contents.recordBits))
  const marker = [0xab, 0xcd, 0xef, ...new TextEncoder().encode('MaxMind.com')]
  const start = tree.length + SEPARATOR_BYTES + padding
  const tail = [...data, ...marker, ...encodeMetadata(metadata)]
  const bytes = new Uint8Array(start + tail.length)
  bytes.set(tree)
  bytes.set(tail, start)
  return bytes
}

/** One value of the data section. */
export function encodeValue(value: Writable): number[] {
  if (typeof value === 'string') {
    const bytes = [...new TextEncoder().encode(value)]
    return [...control(2, bytes.length), ...bytes]
  }
  if (typeof value === 'number') return [...control(6, 4), ...bigEndian(value, 4)]
  if (typeof value === 'boolean') return control(14, value ? 1 : 0)
  if (Array.isArray(value)) return [...control(11, value.length), ...value.flatMap(encodeValue)]
  const entries = Object.entries(value)
  return [
    ...control(7, entries.length),
    ...entries.flatMap(([k, v]) => [...encodeValue(k), ...encodeValue(v)])
  ]
}

/** The control bytes of a value of that type and size. */
export function control(type: number, size: number): number[] {
  const [five, more] =
    size < 29 ? [size, []] : size < 285 ? [29, [size - 29]] : [30, bigEndian(size - 285, 2)]
  return type > 7 ? [five, type - 7, ...more] : [(type << 5) | five, ...more]
}

/** libmaxminddb insists on the integer types of the specification in the metadata. */
function encodeMetadata(metadata: { readonly [key: string]: Writable }): number[] {
  const widths: Readonly<Record<string, readonly [number, number]>> = {
    record_size: [5, 2],
    ip_version: [5, 2],
    binary_format_major_version: [5, 2],
    binary_format_minor_version: [5, 2],
    build_epoch: [9, 8]
  }
  const entries = Object.entries(metadata).flatMap(([key, value]) => {
    const [type, bytes] = widths[key] ?? [0, 0]
    const encoded =
      typeof value === 'number' && bytes > 0
        ? [...control(type, bytes), ...bigEndian(value, bytes)]
        : encodeValue(value)
    return [...encodeValue(key), ...encoded]
  })
  return [...control(7, Object.keys(metadata).length), ...entries]
}

function encodeNode(sides: readonly [Side, Side], nodeCount: number, recordBits: 24 | 28 | 32): number[] {
  const [left, right] = sides.map((side) => {
    if (side === null) return nodeCount
    return 'node' in side ? side.node : nodeCount + SEPARATOR_BYTES + side.data
  }) as [number, number]
  if (recordBits !== 28) return [left, right].flatMap((record) => bigEndian(record, recordBits / 8))
  const middle = (Math.floor(left / 2 ** 24) << 4) | Math.floor(right / 2 ** 24)
  return [...bigEndian(left % 2 ** 24, 3), middle, ...bigEndian(right % 2 ** 24, 3)]
}

function bigEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256)
}

function setSide(nodes: [Side, Side][], bits: string, leaf: Side): void {
  const parent = nodeAt(nodes, bits.slice(0, -1))
  nodes[parent]![bits.at(-1) === '1' ? 1 : 0] = leaf
}

/** The node that the bits lead to, made where it is missing. */
function nodeAt(nodes: [Side, Side][], bits: string): number {
  let node = 0
  for (const bit of bits) {
    const side = bit === '1' ? 1 : 0
    const next = nodes[node]![side]
    if (next !== null && 'data' in next) throw new Error(`a shorter network has a record already: ${bits}`)
    if (next === null) nodes[node]![side] = { node: nodes.push([null, null]) - 1 }
    node = next?.node ?? nodes.length - 1
  }
  return node
}

/** '192.0.2.0/24' as 24 binary digits, or as 96 zeros and 24 digits in an IPv6 tree. */
function bitsOf(network: string, ipVersion: 4 | 6): string {
  const [address, length] = network.split('/') as [string, string]
  if (address.includes(':')) return binary([...ipv6(address)], 32).slice(0, Number(length))
  const bits = binary(address.split('.').map(Number), 8).slice(0, Number(length))
  return ipVersion === 6 ? '0'.repeat(96) + bits : bits
}

function binary(numbers: readonly number[], width: number): string {
  return numbers.map((number) => number.toString(2).padStart(width, '0')).join('')
}
