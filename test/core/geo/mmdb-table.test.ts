import { describe, expect, test } from '@jest/globals'
import type { FlatTable } from '../../../core/geo/flat-table.ts'
import { Mmdb } from '../../../core/geo/mmdb.ts'
import { tableOfMmdb } from '../../../core/geo/mmdb-table.ts'
import { unpackRegion } from '../../../core/packets/region-code.ts'
import { ipv4, ipv6 } from './addresses.ts'
import { type MmdbContents, writeMmdb } from './mmdb-writer.ts'

const RECORD_SIZES = [24, 28, 32] as const

function regions(contents: MmdbContents): FlatTable {
  return tableOfMmdb(new Mmdb(writeMmdb(contents), 'test.mmdb'), 'region')
}

function regionOf(table: FlatTable, address: string): string {
  const value = address.includes(':') ? table.lookup6(ipv6(address), 0) : table.lookup4(ipv4(address))
  return unpackRegion(value)
}

function refusal(bytes: Uint8Array): () => FlatTable {
  return () => tableOfMmdb(new Mmdb(bytes, 'test.mmdb'), 'region')
}

const country = (code: string) => ({ country: { iso_code: code } })

describe('tables of MMDB files', () => {
  test.each(RECORD_SIZES)(
    'an IPv4-only database with records of %i bits answers at every edge',
    (recordBits) => {
      const table = regions({
        ipVersion: 4,
        recordBits,
        networks: [
          ['0.0.0.0/8', country('AA')],
          ['192.0.2.0/24', country('JP')],
          ['192.0.3.0/25', country('US')],
          ['255.255.255.255/32', country('FR')]
        ]
      })

      const addresses =
        '0.0.0.0 0.255.255.255 1.0.0.0 192.0.1.255 192.0.2.0 192.0.2.255 192.0.3.0 192.0.3.127'
      const seen = [
        ...addresses.split(' '),
        '192.0.3.128',
        '255.255.255.254',
        '255.255.255.255',
        '2001:db8::1'
      ]
      expect(seen.map((address) => regionOf(table, address)).join(' ')).toBe(
        'AA AA ZZ ZZ JP JP US US ZZ ZZ FR ZZ'
      )
    }
  )

  test.each(RECORD_SIZES)('an IPv6 database with records of %i bits holds both versions', (recordBits) => {
    const table = regions({
      ipVersion: 6,
      recordBits,
      networks: [
        ['192.0.2.0/24', country('JP')],
        ['2001:db8::/32', country('DE')],
        ['2001:db9::1/128', country('FR')],
        ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', country('US')]
      ]
    })

    const addresses = ['192.0.2.255', '192.0.3.0', '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db8::']
    const more = ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::', '2001:db9::1', '2001:db9::2']
    const last = ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']
    const seen = [...addresses, ...more, ...last].map((address) => regionOf(table, address))
    expect(seen.join(' ')).toBe('JP ZZ ZZ DE DE ZZ FR ZZ ZZ US')
  })

  test.each([28, 32] as const)(
    'records of %i bits use their high bits on both sides of a node',
    (recordBits) => {
      const table = regions({
        ipVersion: 4,
        recordBits,
        paddingBytes: 2 ** 24,
        networks: [
          ['192.0.2.0/25', country('JP')],
          ['192.0.2.128/25', country('US')]
        ]
      })

      expect(['192.0.2.127', '192.0.2.128', '192.0.3.0'].map((a) => regionOf(table, a)).join(' ')).toBe(
        'JP US ZZ'
      )
    }
  )

  test('aliases of the IPv4 tree answer with the IPv4 address in them, and add no ranges', () => {
    const networks = [['192.0.2.0/24', country('JP')]] as const
    const plain = regions({ ipVersion: 6, recordBits: 28, networks })
    const aliased = regions({
      ipVersion: 6,
      recordBits: 28,
      networks,
      aliases: ['::ffff:0:0/96', '2002::/16', '2001::/32']
    })

    const addresses = [
      '::c000:201',
      '::ffff:c000:201',
      '2002:c000:201::1',
      '2001:0:c000:201::1',
      '2001:1:c000:201::1'
    ]
    expect(addresses.map((address) => regionOf(plain, address)).join(' ')).toBe('JP ZZ ZZ ZZ ZZ')
    expect(addresses.map((address) => regionOf(aliased, address)).join(' ')).toBe('JP JP JP JP ZZ')
    expect(aliased.arrays.values6).toEqual(plain.arrays.values6)
  })

  test('a record above ::/96 holds for every IPv4 address too', () => {
    const table = regions({ ipVersion: 6, recordBits: 24, networks: [['::/8', country('JP')]] })

    expect(['0.0.0.0', '255.255.255.255', '::1', '100::'].map((a) => regionOf(table, a)).join(' ')).toBe(
      'JP JP JP ZZ'
    )
  })

  test('neighbours with the same region are one range', () => {
    const networks = [
      ['192.0.2.0/25', country('JP')],
      ['192.0.2.128/25', { country: { iso_code: 'JP' }, city: 'Tokyo' }]
    ] as const
    const table = regions({ ipVersion: 4, recordBits: 24, networks })

    expect(table.arrays.starts4).toEqual(Uint32Array.of(0, ipv4('192.0.2.0'), ipv4('192.0.3.0')))
  })

  test('AS numbers come from a database that has both', () => {
    const networks = [['192.0.2.0/24', { country: 'JP', asn: 'AS2500' }]] as const
    const database = new Mmdb(writeMmdb({ ipVersion: 4, recordBits: 24, networks }), 'test.mmdb')

    expect(tableOfMmdb(database, 'asn').lookup4(ipv4('192.0.2.9'))).toBe(2500)
    expect(tableOfMmdb(database, 'asn').lookup4(ipv4('192.0.3.0'))).toBe(0)
  })

  test('the build date is in the metadata', () => {
    const bytes = writeMmdb({ ipVersion: 4, recordBits: 24, networks: [], buildEpochSeconds: 1_781_725_900 })

    expect(new Mmdb(bytes, 'test.mmdb').buildEpochSeconds).toBe(1_781_725_900)
  })
})

describe('MMDB files that cannot be used', () => {
  const networks = [['192.0.2.0/24', country('JP')]] as const
  const good: MmdbContents = { ipVersion: 4, recordBits: 24, networks }

  test.each([
    ['is not an MMDB file', new TextEncoder().encode('1.0.0.0,1.0.0.255,JP\n')],
    ['is not an MMDB file', new Uint8Array(0)],
    ['is in MMDB format 3', writeMmdb({ ...good, metadata: { binary_format_major_version: 3 } })],
    ['has records of 20 bits', writeMmdb({ ...good, metadata: { record_size: 20 } })],
    ['is for IP version 5', writeMmdb({ ...good, metadata: { ip_version: 5 } })],
    ['is cut short', writeMmdb({ ...good, metadata: { node_count: 9_999_999 } })],
    ['its metadata has no node_count', writeMmdb({ ...good, metadata: { node_count: 'many' } })],
    ['no record', writeMmdb({ ...good, networks: [] })],
    [
      "no record (type 'Test', fields: city)",
      writeMmdb({ ...good, networks: [['192.0.2.0/24', { city: 'x' }]] })
    ]
  ])('%s', (reason, bytes) => {
    expect(refusal(bytes)).toThrow(expect.objectContaining({ code: 'SP_GEO_DATABASE' }))
    expect(refusal(bytes)).toThrow('test.mmdb: ')
    expect(refusal(bytes)).toThrow(reason)
  })

  test('a tree with a loop ends with an error, and not in 2^128 steps', () => {
    for (const ipVersion of [4, 6] as const) {
      const bytes = writeMmdb({ ...good, ipVersion })
      bytes.fill(0, 0, 6)

      expect(refusal(bytes)).toThrow('its tree has a loop')
    }
  })

  test('whatever single byte is damaged, the file is read or refused by name', () => {
    const bytes = writeMmdb({ ...good, recordBits: 28, ipVersion: 6 })

    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice()
      damaged[at] = damaged[at]! ^ 0xff
      let message = 'test.mmdb: read'
      try {
        refusal(damaged)()
      } catch (error) {
        message = (error as Error).message
      }
      expect(message).toMatch(/^test\.mmdb: /)
    }
  })
})
