import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type GeoFilesOptions, loadGeoTables } from '../../adapters/geo-files.ts'
import type { GeoTables } from '../../core/geo/locate.ts'
import { unpackRegion } from '../../core/packets/region-code.ts'
import { ipv4, ipv6 } from '../core/geo/addresses.ts'
import { writeMmdb } from '../core/geo/mmdb-writer.ts'

let folder: string
let cacheFolder: string
let region: string
let asn: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stormpetrel-geo-'))
  cacheFolder = join(folder, 'cache', 'stormpetrel')
  region = join(folder, 'both.mmdb')
  asn = join(folder, 'asn-ipv4.csv')
  writeRegion('JP')
  writeFileSync(asn, '192.0.2.0,192.0.2.255,64496,Example\n')
  writeFileSync(join(folder, 'asn-ipv6.csv'), '2001:db8::,2001:db8::ff,64497,Example\n')
})

afterEach(() => rmSync(folder, { recursive: true }))

function writeRegion(country: string): void {
  const networks = [['192.0.2.0/24', { country, asn: 'AS64500' }]] as const
  writeFileSync(
    region,
    writeMmdb({ ipVersion: 6, recordBits: 28, networks, buildEpochSeconds: 1_781_725_900 })
  )
}

function load(options: Partial<GeoFilesOptions> = {}): Promise<GeoTables> {
  return loadGeoTables({ regionDatabase: region, asnDatabase: asn, cacheFolder, ...options })
}

function answers({ region, asn }: GeoTables): string {
  const address = ipv4('192.0.2.1')
  return `${unpackRegion(region!.lookup4(address))} ${asn!.lookup4(address)} ${asn!.lookup6(ipv6('2001:db8::1'), 0)}`
}

function cacheFiles(ending: string): string[] {
  return readdirSync(cacheFolder)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(cacheFolder, name))
}

describe('geo files', () => {
  test('a region database and a CSV, with its IPv6 half, become tables', async () => {
    expect(answers(await load())).toBe('JP 64496 64497')
  })

  test('either half of the CSV brings the other, and one alone is enough', async () => {
    expect(answers(await load({ asnDatabase: join(folder, 'asn-ipv6.csv') }))).toBe('JP 64496 64497')
    rmSync(join(folder, 'asn-ipv6.csv'))
    expect(answers(await load())).toBe('JP 64496 0')
  })

  test('one database can give regions and AS numbers, and is named once', async () => {
    const tables = await load({ asnDatabase: region })

    expect(answers(tables)).toBe('JP 64500 0')
    expect(tables.provenance).toEqual([{ name: 'both.mmdb', built: '2026-06-17' }])
  })

  test('a table that is not needed is not loaded: its database may be missing', async () => {
    const missing = join(folder, 'missing.mmdb')

    const regions = await load({ asnDatabase: missing, needed: { region: true, asn: false } })
    const networks = await load({ regionDatabase: missing, needed: { region: false, asn: true } })

    expect([regions.region === null, regions.asn]).toEqual([false, null])
    expect(regions.provenance.map(({ name }) => name)).toEqual(['both.mmdb'])
    expect([networks.region, networks.asn === null]).toEqual([null, false])
  })

  test('the build date of a CSV is in its package, and unknown where there is none', async () => {
    const before = await load()
    writeFileSync(join(folder, 'package.json'), '{ "version": "2.3.2026061719" }')
    const after = await load({ cacheFolder: join(folder, 'other') })

    expect(before.provenance[1]).toEqual({ name: 'asn-ipv4.csv', built: 'unknown' })
    expect(after.provenance[1]).toEqual({ name: 'asn-ipv4.csv', built: '2026-06-17' })
    expect(after.provenance[2]).toEqual({ name: 'asn-ipv6.csv', built: '2026-06-17' })
  })

  test('by default the npm packages are used, and a second load gives the same tables', async () => {
    const options = { regionDatabase: null, asnDatabase: null }

    const cold = await load(options)
    const warm = await load(options)

    expect(unpackRegion(cold.region!.lookup4(ipv4('133.242.0.1')))).toBe('JP')
    expect(cold.asn!.lookup6(ipv6('2001:200::1'), 0)).toBe(2500)
    expect(cold.provenance.map(({ name }) => name)).toEqual([
      'geo-whois-asn-country.mmdb',
      'asn-ipv4.csv',
      'asn-ipv6.csv'
    ])
    expect(cold.provenance.every(({ built }) => /^\d{4}-\d\d-\d\d$/.test(built))).toBe(true)
    expect(isDeepStrictEqual(warm.region!.arrays, cold.region!.arrays)).toBe(true)
    expect(isDeepStrictEqual(warm.asn!.arrays, cold.asn!.arrays)).toBe(true)
    expect(warm.provenance).toEqual(cold.provenance)
  }, 30_000)

  test('where the optional ASN package is not installed there are no AS numbers, and that is no error', async () => {
    const importer = join(folder, 'index.js')
    const options = { regionDatabase: region, asnDatabase: null, cacheFolder }

    const tables = await loadGeoTables(options, importer)

    expect(tables.asn).toBeNull()
    expect(tables.provenance.map(({ name }) => name)).toEqual(['both.mmdb'])
    await expect(loadGeoTables({ ...options, regionDatabase: null }, importer)).rejects.toThrow(
      'run npm install'
    )
  })

  test.each([
    [
      'a missing file',
      () => join(folder, 'none.mmdb'),
      'none.mmdb: the geo database cannot be read (ENOENT)'
    ],
    ['a folder', () => folder, 'the geo database cannot be read (EISDIR)'],
    ['a CSV as region database', () => asn, 'asn-ipv4.csv: a region database must be an MMDB file'],
    ['a file of another kind', () => __filename, 'geo-files.test.ts: is not an MMDB file']
  ])('%s is refused by name', async (_, path, message) => {
    await expect(load({ regionDatabase: path() })).rejects.toMatchObject({ code: 'SP_GEO_DATABASE' })
    await expect(load({ regionDatabase: path() })).rejects.toThrow(message)
  })
})

describe('the cache of geo tables', () => {
  test('a warm load reads no database: only path, size, time and inode are looked at', async () => {
    await load()
    for (const name of cacheFiles('.identity.json')) {
      const identity = JSON.parse(readFileSync(name, 'utf8')) as { path: string; built: string }
      if (identity.path === region) writeFileSync(name, JSON.stringify({ ...identity, built: '1999-12-31' }))
    }

    const warm = await load()

    expect(answers(warm)).toBe('JP 64496 64497')
    expect(warm.provenance[0]).toEqual({ name: 'both.mmdb', built: '1999-12-31' })
  })

  test('a warm load takes its tables from the cache', async () => {
    await load()
    const [regionTable] = cacheFiles('.flat').filter((name) => name.includes('/region-'))
    writeRegion('DE')
    await load()
    const other = cacheFiles('.flat').find((name) => name.includes('/region-') && name !== regionTable)
    copyFileSync(regionTable!, other!)

    expect(answers(await load())).toBe('JP 64496 64497')
  })

  test('a database that was changed or replaced is built anew', async () => {
    await load()
    writeRegion('DE')
    expect(answers(await load())).toBe('DE 64496 64497')

    writeFileSync(asn, '192.0.2.0,192.0.2.255,64499,Example\n')
    expect(answers(await load())).toBe('DE 64499 64497')
  })

  test('the same database at another path uses the same table', async () => {
    await load()
    const moved = join(folder, 'moved.mmdb')
    copyFileSync(region, moved)
    await load({ regionDatabase: moved })

    expect(cacheFiles('.flat')).toHaveLength(2)
  })

  test.each([
    [
      'one bit is flipped',
      (bytes: Buffer) => bytes.fill(bytes.at(-9)! ^ 1, bytes.length - 9, bytes.length - 8)
    ],
    ['it is cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 4)],
    ['it is empty', () => Buffer.alloc(0)],
    ['it is something else', () => Buffer.from('not a table at all')]
  ])('a table is built again and mended where %s', async (_, damage) => {
    await load()
    const whole = new Map(cacheFiles('.flat').map((name) => [name, readFileSync(name)]))
    for (const [name, bytes] of whole) writeFileSync(name, damage(Buffer.from(bytes)))

    expect(answers(await load())).toBe('JP 64496 64497')
    for (const [name, bytes] of whole) expect(readFileSync(name).equals(bytes)).toBe(true)
  })

  test.each(['', '{', 'null', '{"sha256":5}'])('an identity file of %j is made again', async (text) => {
    await load()
    for (const name of cacheFiles('.identity.json')) writeFileSync(name, text)

    expect(answers(await load())).toBe('JP 64496 64497')
    expect(cacheFiles('.identity.json').every((name) => readFileSync(name, 'utf8').includes('sha256'))).toBe(
      true
    )
  })

  test('a folder that cannot be made or written is no error, and nothing is left behind', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const closed = join(folder, 'closed')
    mkdirSync(closed)
    chmodSync(closed, 0o500)

    expect(answers(await load({ cacheFolder: join(file, 'below') }))).toBe('JP 64496 64497')
    expect(answers(await load({ cacheFolder: closed }))).toBe('JP 64496 64497')
    chmodSync(closed, 0o700)
    expect(readdirSync(closed).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('two loads at once leave whole files and no temporary ones', async () => {
    const both = await Promise.all([load(), load()])

    expect(both.map(answers)).toEqual(['JP 64496 64497', 'JP 64496 64497'])
    expect(readdirSync(cacheFolder)).toHaveLength(5)
  })
})
