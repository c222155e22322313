// Our tables against the readers of MaxMind: libmaxminddb for a million addresses (one process a lookup would
// take an hour), and the command mmdblookup, which is that library, for some hundred.
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { FlatTable } from '../../../core/geo/flat-table.ts'
import { Mmdb } from '../../../core/geo/mmdb.ts'
import { tableOfMmdb } from '../../../core/geo/mmdb-table.ts'
import { unpackRegion } from '../../../core/packets/region-code.ts'
import { ipv4Text, ipv6Text, randomWords } from './addresses.ts'
import { writeMmdb } from './mmdb-writer.ts'

const DATABASE = join(
  dirname(createRequire(__filename).resolve('@ip-location-db/geo-whois-asn-country-mmdb/package.json')),
  'geo-whois-asn-country.mmdb'
)
const READER = join(__dirname, 'libmaxminddb.py')

const table = tableOfMmdb(new Mmdb(readFileSync(DATABASE), DATABASE), 'region')
const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-mmdb-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What libmaxminddb says of each address (four words each), '' where it has nothing. */
function libmaxminddb(
  database: string,
  version: 4 | 6,
  addresses: Uint32Array,
  keys: readonly string[]
): string[] {
  const input = Buffer.alloc(addresses.length * 4)
  addresses.forEach((word, i) => {
    input.writeUInt32BE(word, i * 4)
  })
  const options = { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
  return execFileSync('python3', [READER, database, String(version), ...keys], options)
    .slice(0, -1)
    .split('\n')
}

function regionAt(addresses: Uint32Array, at: number, version: 4 | 6, of: FlatTable = table): string {
  return unpackRegion(version === 4 ? of.lookup4(addresses[at + 3]!) : of.lookup6(addresses, at))
}

function textAt(addresses: Uint32Array, at: number, version: 4 | 6): string {
  return version === 4 ? ipv4Text(addresses[at + 3]!) : ipv6Text(addresses, at)
}

/** 'ADDRESS ours theirs' of each address that the two disagree on. */
function differences(
  addresses: Uint32Array,
  version: 4 | 6,
  theirs: readonly string[],
  of?: FlatTable
): string[] {
  expect(theirs).toHaveLength(addresses.length / 4)
  return theirs.flatMap((code, i) => {
    const ours = regionAt(addresses, i * 4, version, of)
    return ours === (code || 'ZZ') ? [] : [`${textAt(addresses, i * 4, version)} ${ours} ${code}`]
  })
}

function randomIpv4(count: number, seed: number): Uint32Array {
  const random = randomWords(seed)
  return Uint32Array.from({ length: count * 4 }, (_, i) => (i % 4 === 3 ? random() : 0))
}

/** A third anywhere in 2000::/3, the rest in and beside the ranges of the table. */
function randomIpv6(count: number, seed: number, of: FlatTable = table): Uint32Array {
  const random = randomWords(seed)
  const { starts6 } = of.arrays
  const addresses = new Uint32Array(count * 4)
  for (let at = 0; at < addresses.length; at += 4) {
    for (let i = 0; i < 4; i++) addresses[at + i] = random()
    addresses[at] = 0x2000_0000 + (random() >>> 3)
    if (at % 3 === 0) continue
    const start = (random() % (starts6.length / 4)) * 4
    addresses.set(starts6.subarray(start, start + 4), at)
    const word = at + (random() % 4)
    addresses[word] = addresses[word]! + (random() % 3) - 1
  }
  return addresses
}

describe('regions, compared with libmaxminddb and mmdblookup', () => {
  test('are the same for a million random IPv4 addresses', () => {
    const addresses = randomIpv4(1_000_000, 1)

    const theirs = libmaxminddb(DATABASE, 4, addresses, ['country_code'])

    expect(theirs.filter((code) => code !== '').length).toBeGreaterThan(500_000)
    expect(differences(addresses, 4, theirs)).toEqual([])
  }, 60_000)

  test('are the same for 200,000 random IPv6 addresses', () => {
    const addresses = randomIpv6(200_000, 2)

    const theirs = libmaxminddb(DATABASE, 6, addresses, ['country_code'])

    expect(theirs.filter((code) => code !== '').length).toBeGreaterThan(50_000)
    expect(differences(addresses, 6, theirs)).toEqual([])
  }, 60_000)

  test('are what the command mmdblookup prints, for a hundred addresses of each version', async () => {
    for (const version of [4, 6] as const) {
      const addresses = version === 4 ? randomIpv4(100, 3) : randomIpv6(100, 3)
      const theirs: string[] = []
      for (let at = 0; at < addresses.length; at += 4)
        theirs.push(await mmdblookup(textAt(addresses, at, version)))

      expect(theirs.some((code) => code !== '')).toBe(true)
      expect(differences(addresses, version, theirs)).toEqual([])
    }
  }, 60_000)

  test.each([24, 28, 32] as const)(
    'are the same in a database with aliases and records of %i bits',
    (recordBits) => {
      const database = join(folder, `aliases-${recordBits}.mmdb`)
      const bytes = writeMmdb({
        ipVersion: 6,
        recordBits,
        networks: [
          ['0.0.0.0/2', { country: { iso_code: 'AA' } }],
          ['128.0.0.0/5', { country: { iso_code: 'JP' } }],
          ['200.0.0.0/9', { registered_country: { iso_code: 'US' } }],
          ['2400::/6', { country: { iso_code: 'DE' } }],
          ['2001:db8::/33', { country: { iso_code: 'FR' } }]
        ],
        aliases: ['::ffff:0:0/96', '2002::/16', '2001::/32']
      })
      writeFileSync(database, bytes)
      const own = tableOfMmdb(new Mmdb(bytes, database), 'region')
      const addresses = randomIpv6(3000, 5, own)
      for (let at = 0; at < addresses.length; at += 12) {
        const prefix = [[0x2002_0000 + (addresses[at + 1]! >>> 16)], [0x2001_0000], [0, 0, 0xffff], [0, 0, 0]]
        addresses.set(prefix[(at / 12) % 4]!, at)
      }

      const theirs = libmaxminddb(database, 6, addresses, ['country', 'iso_code'])

      expect(new Set(theirs)).toEqual(new Set(['', 'AA', 'JP', 'DE', 'FR']))
      expect(differences(addresses, 6, theirs, own)).toEqual([])
      const addresses4 = randomIpv4(3000, 6)
      expect(
        differences(addresses4, 4, libmaxminddb(database, 4, addresses4, ['country', 'iso_code']), own)
      ).toEqual([])
    }
  )
})

/** The country that mmdblookup prints, '' where it finds no entry (then it ends with 6). */
async function mmdblookup(address: string): Promise<string> {
  const args = ['--file', DATABASE, '--ip', address, 'country_code']
  const { stdout } = await promisify(execFile)('mmdblookup', args).catch(
    (error: { code: number; stdout: string }) => {
      if (error.code === 6) return error
      throw error
    }
  )
  return /"([^"]*)"/.exec(stdout)?.[1] ?? ''
}
