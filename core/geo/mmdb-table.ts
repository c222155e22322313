// From an MMDB tree to a flat table.
import { StormpetrelError } from '../errors.ts'
import type { FlatTable } from './flat-table.ts'
import { FlatTableBuilder } from './flat-table-builder.ts'
import { type TableKind, UNKNOWN, valueOfRecord } from './layout.ts'
import type { Mmdb, NetworkVisitor } from './mmdb.ts'
import type { MmdbValue } from './mmdb-data.ts'

/**
 * The regions or AS numbers of every address. Throws SP_GEO_DATABASE where not one record has such a field in a
 * layout that is known.
 */
export function tableOfMmdb(database: Mmdb, kind: TableKind): FlatTable {
  const visitor = new TableVisitor(database, kind)
  database.walk(visitor)
  if (visitor.builder.known === 0) throw unknownLayout(database, kind, visitor.sample)
  return visitor.builder.build()
}

/** Decodes each record once (a country database has some 250 of them under a million networks). */
class TableVisitor implements NetworkVisitor {
  readonly builder: FlatTableBuilder
  /** Some record of the database, to say what it holds. */
  sample: MmdbValue | null = null
  readonly #database: Mmdb
  readonly #kind: TableKind
  readonly #values = new Map<number, number>()
  readonly #first = new Uint32Array(4)
  readonly #last = new Uint32Array(4)

  constructor(database: Mmdb, kind: TableKind) {
    this.#database = database
    this.#kind = kind
    this.builder = new FlatTableBuilder(UNKNOWN[kind])
  }

  network4(first: number, last: number, record: number): void {
    this.builder.add4(first, last, this.#valueOf(record))
  }

  network6(w0: number, w1: number, w2: number, w3: number, prefixLength: number, record: number): void {
    const first = this.#first
    const last = this.#last
    first[0] = w0
    first[1] = w1
    first[2] = w2
    first[3] = w3
    for (let word = 0; word < 4; word++) {
      const hostBits = Math.min(32, Math.max(0, (word + 1) * 32 - prefixLength))
      last[word] = first[word]! + 2 ** hostBits - 1
    }
    this.builder.add6(first, last, this.#valueOf(record))
  }

  alias6(w0: number, w1: number, w2: number, w3: number, prefixLength: number): void {
    this.builder.addAlias6(w0, w1, w2, w3, prefixLength)
  }

  #valueOf(record: number): number {
    const known = this.#values.get(record)
    if (known !== undefined) return known
    const decoded = this.#database.recordAt(record)
    this.sample ??= decoded
    const value = valueOfRecord(this.#kind, decoded)
    this.#values.set(record, value)
    return value
  }
}

function unknownLayout(database: Mmdb, kind: TableKind, sample: MmdbValue | null): StormpetrelError {
  const wanted = kind === 'region' ? 'a country code' : 'an AS number'
  const fields = sample instanceof Map ? [...sample.keys()].join(', ') : 'none'
  const message =
    `${database.file}: no record (type '${database.databaseType}', fields: ${fields}) has ${wanted} ` +
    'in the layout of MaxMind, DB-IP, IPinfo or ip-location-db; give another database'
  return new StormpetrelError('SP_GEO_DATABASE', message)
}
