// Our own reader of MMDB files (MaxMind DB File Format Specification 2.0). It does not look addresses up:
// it walks the whole tree once, in address order, so that flat tables can be built from it.
import { StormpetrelError } from '../errors.ts'
import { MmdbData, type MmdbValue } from './mmdb-data.ts'

/** The file ends with this marker and a map: "\xab\xcd\xefMaxMind.com", in the last 128 KiB. */
const MARKER = Uint8Array.of(0xab, 0xcd, 0xef, ...new TextEncoder().encode('MaxMind.com'))
const MARKER_WITHIN_BYTES = 128 * 1024

/** Zero bytes between the tree and the data section. */
const SEPARATOR_BYTES = 16

/**
 * How often the walk may see as many nodes as there are. A tree needs 1; writers that share equal subtrees
 * need a little more; a damaged file whose records form a loop would need 2^128.
 */
const MAX_VISITS_PER_NODE = 8

/** 9999-12-31T23:59:59Z, the last that ISO 8601 writes with four digits. */
const MAX_EPOCH_SECONDS = 253_402_300_799

/** What the walk reports, in ascending address order within each family. */
export interface NetworkVisitor {
  /** An IPv4 network: its first and last address, and where its record is (for `recordAt`). */
  network4(first: number, last: number, record: number): void
  /** An IPv6 network: its first address (four words), its length, and where its record is. */
  network6(w0: number, w1: number, w2: number, w3: number, prefixLength: number, record: number): void
  /**
   * An IPv6 network under which the whole IPv4 tree hangs: ::/96 itself, and the aliases that some databases
   * have for ::ffff:0:0/96 (mapped), 2002::/16 (6to4) and 2001::/32 (Teredo). The 32 bits after the prefix
   * are the IPv4 address.
   */
  alias6(w0: number, w1: number, w2: number, w3: number, prefixLength: number): void
}

/** An MMDB file in memory. */
export class Mmdb {
  readonly file: string
  /** Seconds since 1970 UTC. */
  readonly buildEpochSeconds: number
  /** The publisher's name of the layout, for example 'GeoLite2-Country'. */
  readonly databaseType: string
  readonly #bytes: Uint8Array
  readonly #data: MmdbData
  readonly #nodeCount: number
  readonly #recordBits: number
  readonly #ipVersion: number
  #visitsLeft = 0

  /** Reads the metadata. Throws SP_GEO_DATABASE, with `file` in the message, where `bytes` is no MMDB file. */
  constructor(bytes: Uint8Array, file: string) {
    this.file = file
    this.#bytes = bytes
    const marker = lastIndexOfMarker(bytes)
    if (marker < 0) throw this.#refused('is not an MMDB file: it has no metadata; give another file')
    const metadata = new MmdbData(bytes, marker + MARKER.length, file).valueAt(0)
    if (!(metadata instanceof Map))
      throw this.#refused('is damaged: its metadata is no map; download it again')
    this.#nodeCount = this.#metadataNumber(metadata, 'node_count')
    this.#recordBits = this.#metadataNumber(metadata, 'record_size')
    this.#ipVersion = this.#metadataNumber(metadata, 'ip_version')
    this.buildEpochSeconds = this.#metadataNumber(metadata, 'build_epoch')
    if (this.buildEpochSeconds > MAX_EPOCH_SECONDS) {
      throw this.#refused('is damaged: its build date is past the year 9999; download it again')
    }
    const type = metadata.get('database_type')
    this.databaseType = typeof type === 'string' ? type : ''
    const major = this.#metadataNumber(metadata, 'binary_format_major_version')
    if (major !== 2)
      throw this.#refused(`is in MMDB format ${major}, and only 2 is read; get a version 2 file`)
    if (![24, 28, 32].includes(this.#recordBits)) {
      throw this.#refused(`has records of ${this.#recordBits} bits, not 24, 28 or 32; get another file`)
    }
    if (this.#ipVersion !== 4 && this.#ipVersion !== 6) {
      throw this.#refused(`is for IP version ${this.#ipVersion}, not 4 or 6; get another file`)
    }
    const treeBytes = (this.#nodeCount * this.#recordBits) / 4
    if (treeBytes + SEPARATOR_BYTES > marker) {
      throw this.#refused(`is cut short: its tree needs ${treeBytes} bytes; download it again`)
    }
    this.#data = new MmdbData(bytes, treeBytes + SEPARATOR_BYTES, file)
  }

  /** The decoded record that a network of the walk named. */
  recordAt(record: number): MmdbValue {
    return this.#data.valueAt(record)
  }

  /** Reports every network that has a record. Throws SP_GEO_DATABASE where the tree is damaged. */
  walk(visitor: NetworkVisitor): void {
    this.#visitsLeft = this.#nodeCount * MAX_VISITS_PER_NODE
    if (this.#ipVersion === 4) {
      this.#walk4(0, 0, 0, visitor)
      return
    }
    const root4 = this.#ipv4Root()
    this.#walk4(root4, 0, 0, visitor)
    this.#walk6(0, 0, 0, 0, 0, 0, root4, visitor)
  }

  /** Where 96 zero bits lead: a node, or a record or nothing that then holds for every IPv4 address. */
  #ipv4Root(): number {
    let node = 0
    for (let depth = 0; depth < 96 && node < this.#nodeCount; depth++) node = this.#child(node, 0)
    return node
  }

  #walk4(node: number, first: number, depth: number, visitor: NetworkVisitor): void {
    if (node === this.#nodeCount) return
    if (node > this.#nodeCount) {
      visitor.network4(first, first + 2 ** (32 - depth) - 1, this.#record(node))
      return
    }
    this.#checkVisit(depth, 32)
    this.#walk4(this.#child(node, 0), first, depth + 1, visitor)
    this.#walk4(this.#child(node, 1), first + 2 ** (31 - depth), depth + 1, visitor)
  }

  #walk6(
    node: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    depth: number,
    root4: number,
    visitor: NetworkVisitor
  ): void {
    if (node === this.#nodeCount) return
    if (node > this.#nodeCount) {
      visitor.network6(w0, w1, w2, w3, depth, this.#record(node))
      return
    }
    if (node === root4 && depth > 0 && depth <= 96) {
      visitor.alias6(w0, w1, w2, w3, depth)
      return
    }
    this.#checkVisit(depth, 128)
    const bit = 2 ** (31 - (depth & 31))
    const word = depth >>> 5
    const below = depth + 1
    this.#walk6(this.#child(node, 0), w0, w1, w2, w3, below, root4, visitor)
    const one = this.#child(node, 1)
    if (word === 0) this.#walk6(one, w0 + bit, w1, w2, w3, below, root4, visitor)
    else if (word === 1) this.#walk6(one, w0, w1 + bit, w2, w3, below, root4, visitor)
    else if (word === 2) this.#walk6(one, w0, w1, w2 + bit, w3, below, root4, visitor)
    else this.#walk6(one, w0, w1, w2, w3 + bit, below, root4, visitor)
  }

  #checkVisit(depth: number, bits: number): void {
    if (depth === bits || this.#visitsLeft-- === 0) {
      throw this.#refused('is damaged: its tree has a loop or is too deep; download it again')
    }
  }

  /** A leaf's offset in the data section. */
  #record(node: number): number {
    return node - this.#nodeCount - SEPARATOR_BYTES
  }

  /** The left (0) or right (1) record of a node. With 28 bits the middle byte holds the high 4 bits of both. */
  #child(node: number, side: 0 | 1): number {
    const bytes = this.#bytes
    if (this.#recordBits === 24) {
      const at = node * 6 + side * 3
      return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    }
    if (this.#recordBits === 28) {
      const at = node * 7
      const middle = bytes[at + 3]!
      if (side === 0)
        return ((middle & 0xf0) << 20) | (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
      return ((middle & 0x0f) << 24) | (bytes[at + 4]! << 16) | (bytes[at + 5]! << 8) | bytes[at + 6]!
    }
    const at = node * 8 + side * 4
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  }

  #metadataNumber(metadata: ReadonlyMap<string, MmdbValue>, key: string): number {
    const value = metadata.get(key)
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
    throw this.#refused(`is damaged: its metadata has no ${key}; download it again`)
  }

  #refused(what: string): StormpetrelError {
    return new StormpetrelError('SP_GEO_DATABASE', `${this.file}: ${what}`)
  }
}

function lastIndexOfMarker(bytes: Uint8Array): number {
  const least = Math.max(0, bytes.length - MARKER_WITHIN_BYTES)
  for (let at = bytes.length - MARKER.length; at >= least; at--) {
    if (MARKER.every((byte, i) => bytes[at + i] === byte)) return at
  }
  return -1
}
