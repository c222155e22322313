// Geo databases on disk -> flat tables in memory: which files, read how, built once and then cached.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { Provenance } from '../core/batch/enriched-batch.ts'
import { StormpetrelError } from '../core/errors.ts'
import { AsnCsvReader } from '../core/geo/asn-csv.ts'
import type { FlatTable } from '../core/geo/flat-table.ts'
import { FlatTableBuilder } from '../core/geo/flat-table-builder.ts'
import { type TableKind, UNKNOWN } from '../core/geo/layout.ts'
import type { GeoTables } from '../core/geo/locate.ts'
import { Mmdb } from '../core/geo/mmdb.ts'
import { tableOfMmdb } from '../core/geo/mmdb-table.ts'
import { type DatabaseFacts, GeoCache } from './geo-cache.ts'

/** CC0-1.0, a dependency. */
const REGION_PACKAGE = '@ip-location-db/geo-whois-asn-country-mmdb'
const REGION_FILE = 'geo-whois-asn-country.mmdb'

/** CC BY 4.0, an optional dependency. */
const ASN_PACKAGE = '@ip-location-db/asn'
const ASN_FILE = 'asn-ipv4.csv'

/** Chunks that a CSV is read in. */
const CHUNK_BYTES = 256 * 1024

/** Tables that a caller needs. */
export interface NeededGeo {
  readonly region: boolean
  readonly asn: boolean
}

const ALL_GEO: NeededGeo = { region: true, asn: true }

/** Where the databases are; null means the npm package that is installed by default. */
export interface GeoFilesOptions {
  /** An MMDB file. */
  readonly regionDatabase: string | null
  /**
   * An MMDB file (it may be the region database too), or a CSV of npm package @ip-location-db/asn; of a CSV for
   * IPv4 the one for IPv6 beside it is read too, and the other way round.
   */
  readonly asnDatabase: string | null
  /** The tables that are wanted (default: both); the databases of the others are not opened. */
  readonly needed?: NeededGeo
  /** A folder for tables that were built; it is made where it is missing, and need not be writable. */
  readonly cacheFolder: string
}

/**
 * The tables for locateColumns, null where they are not needed. `asn` is null too where none is given and the optional
 * npm package is not installed.
 * Throws SP_GEO_DATABASE, with the file, where one cannot be read or has an unknown layout. `importer` is the file
 * that npm packages are looked for from, as Node does it.
 */
export async function loadGeoTables(
  options: GeoFilesOptions,
  importer: string = import.meta.url
): Promise<GeoTables> {
  const { cacheFolder, regionDatabase, asnDatabase, needed = ALL_GEO } = options
  const cache = new GeoCache(cacheFolder)
  const regionPath = needed.region ? (regionDatabase ?? defaultRegionPath(importer)) : null
  const asnPath = needed.asn ? (asnDatabase ?? packagePath(ASN_PACKAGE, ASN_FILE, importer)) : null
  const [region, asn] = await Promise.all([
    regionPath === null ? null : load(cache, 'region', [regionPath]),
    asnPath === null ? null : load(cache, 'asn', isCsv(asnPath) ? csvFamily(asnPath) : [asnPath])
  ])
  return {
    region: region?.table ?? null,
    asn: asn?.table ?? null,
    provenance: withoutRepeats([...(region?.provenance ?? []), ...(asn?.provenance ?? [])])
  }
}

interface Loaded {
  readonly table: FlatTable
  readonly provenance: Provenance['geo']
}

/** One table from one MMDB file, or from all CSVs of a family. */
async function load(cache: GeoCache, kind: TableKind, paths: readonly string[]): Promise<Loaded> {
  const facts = await Promise.all(
    paths.map((path) => readable(path, () => cache.factsOf(path, () => readFacts(path))))
  )
  const sha256 = facts.length === 1 ? facts[0]!.sha256 : hashOfHashes(facts)
  const provenance = facts.map(({ built }, i) => ({ name: basename(paths[i]!), built }))
  const cached = await cache.readTable(kind, sha256)
  if (cached !== null) return { table: cached, provenance }
  const table = isCsv(paths[0]!) ? await buildFromCsv(kind, paths) : await buildFromMmdb(kind, paths[0]!)
  await cache.writeTable(kind, sha256, table)
  return { table, provenance }
}

async function buildFromMmdb(kind: TableKind, path: string): Promise<FlatTable> {
  return tableOfMmdb(new Mmdb(await readable(path, () => readFile(path)), path), kind)
}

async function buildFromCsv(kind: TableKind, paths: readonly string[]): Promise<FlatTable> {
  if (kind !== 'asn') {
    const message = `${paths[0]}: a region database must be an MMDB file, and this is a CSV; give another file`
    throw new StormpetrelError('SP_GEO_DATABASE', message)
  }
  const builder = new FlatTableBuilder(UNKNOWN.asn)
  for (const path of paths) {
    const reader = new AsnCsvReader(builder, path)
    await readable(path, () => eachChunk(path, (chunk) => reader.push(chunk)))
    reader.end()
  }
  return builder.build()
}

async function readFacts(path: string): Promise<DatabaseFacts> {
  const hash = createHash('sha256')
  if (isCsv(path)) {
    await eachChunk(path, (chunk) => hash.update(chunk))
    return { sha256: hash.digest('hex'), built: await builtOfPackage(dirname(path)) }
  }
  const bytes = await readFile(path)
  const { buildEpochSeconds } = new Mmdb(bytes, path)
  const built = new Date(buildEpochSeconds * 1000).toISOString().slice(0, 10)
  return { sha256: hash.update(bytes).digest('hex'), built }
}

async function eachChunk(path: string, take: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) take(chunk as Uint8Array)
}

/** The CSVs hold no date; the package's version does: 2.3.2026061719 was built on 2026-06-17. */
async function builtOfPackage(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '')
  const [, year, month, day] = /"version":\s*"\d+\.\d+\.(\d{4})(\d{2})(\d{2})\d{2}"/.exec(text) ?? []
  return year === undefined ? 'unknown' : `${year}-${month}-${day}`
}

/** Runs what reads a file; where the system refuses, the error names the file and what to do. */
async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof StormpetrelError) throw error
    const reason = codeOf(error) ?? 'it was refused'
    const message = `${path}: the geo database cannot be read (${reason}); give a file that exists and is readable`
    throw new StormpetrelError('SP_GEO_DATABASE', message, { cause: error })
  }
}

function isCsv(path: string): boolean {
  return path.toLowerCase().endsWith('.csv')
}

/** A CSV for one IP version, with the one for the other beside it where there is one; IPv4 first. */
function csvFamily(path: string): string[] {
  const name = basename(path)
  const names = [name.replace('ipv6', 'ipv4'), name.replace('ipv4', 'ipv6')]
  const paths = [...new Set(names)].map((name) => join(dirname(path), name))
  return paths.filter((candidate) => basename(candidate) === name || existsSync(candidate))
}

function hashOfHashes(facts: readonly DatabaseFacts[]): string {
  return createHash('sha256')
    .update(facts.map(({ sha256 }) => sha256).join())
    .digest('hex')
}

function withoutRepeats(provenance: Provenance['geo']): Provenance['geo'] {
  return [...new Map(provenance.map((entry) => [`${entry.name} ${entry.built}`, entry])).values()]
}

function defaultRegionPath(importer: string): string {
  const path = packagePath(REGION_PACKAGE, REGION_FILE, importer)
  if (path !== null) return path
  const message = `npm package ${REGION_PACKAGE} is not installed; run npm install, or give a region database`
  throw new StormpetrelError('SP_GEO_DATABASE', message)
}

/** A file of an npm package, or null where the package is not installed. */
function packagePath(name: string, file: string, importer: string): string | null {
  try {
    return join(dirname(createRequire(importer).resolve(`${name}/package.json`)), file)
  } catch (error) {
    if (codeOf(error) === 'MODULE_NOT_FOUND') return null
    throw error
  }
}

/** 'ENOENT' and the like: Node's errors carry one. */
function codeOf(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null
}
