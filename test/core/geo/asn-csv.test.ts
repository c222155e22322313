import { createReadStream, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { AsnCsvReader } from '../../../core/geo/asn-csv.ts'
import type { FlatTable } from '../../../core/geo/flat-table.ts'
import { FlatTableBuilder } from '../../../core/geo/flat-table-builder.ts'
import { ipv4, ipv4Text, ipv6, ipv6Text, randomWords } from './addresses.ts'

function tableOf(text: string, chunkBytes = 65_536): FlatTable {
  const builder = new FlatTableBuilder(0)
  const reader = new AsnCsvReader(builder, 'asn.csv')
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += chunkBytes) reader.push(bytes.subarray(at, at + chunkBytes))
  reader.end()
  return builder.build()
}

const DOTTED = '192.0.2.0,192.0.2.255,64496,"Example, Inc."\n198.51.100.0,198.51.100.127,4294967295,Other\n'
const DECIMAL = '3221225984,3221226239,64496,"Example, Inc."\n3325256704,3325256831,4294967295,Other\n'
const COLONS = '2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,64497,Example\nfe80::1,fe80::1,64498,Link\n'
const DECIMAL6 =
  '42540766411282592856903984951653826560,42540766490510755371168322545197776895,64497,Example\n' +
  '338288524927261089654018896841347694593,338288524927261089654018896841347694593,64498,Link\n'

describe('the CSV of @ip-location-db/asn', () => {
  test('dotted and decimal IPv4 files give the same table', () => {
    const table = tableOf(DOTTED)

    const addresses = [
      '192.0.1.255',
      '192.0.2.0',
      '192.0.2.255',
      '192.0.3.0',
      '198.51.100.127',
      '198.51.100.128'
    ]
    expect(addresses.map((a) => table.lookup4(ipv4(a)))).toEqual([0, 64496, 64496, 0, 4_294_967_295, 0])
    expect(isDeepStrictEqual(tableOf(DECIMAL).arrays, table.arrays)).toBe(true)
  })

  test('text and decimal IPv6 files give the same table', () => {
    const table = tableOf(COLONS)

    const addresses = [
      '2001:db7:ffff::',
      '2001:db8::',
      '2001:db8:ffff:ffff::1',
      '2001:db9::',
      'fe80::1',
      'fe80::2'
    ]
    expect(addresses.map((a) => table.lookup6(ipv6(a), 0))).toEqual([0, 64497, 64497, 0, 64498, 0])
    expect(isDeepStrictEqual(tableOf(DECIMAL6).arrays, table.arrays)).toBe(true)
  })

  test.each(['::', '::1', '1::', '1:2:3:4:5:6:7:8', '1::8', 'ABCD:ef01::', '0:0:0:1::'])(
    'IPv6 text %s is read',
    (address) => {
      const table = tableOf(`${address},${address},64496,Example\n`)

      expect(table.lookup6(ipv6(address), 0)).toBe(64496)
      expect(table.arrays.values6.filter((value) => value === 64496)).toHaveLength(1)
    }
  )

  test('chunks may end anywhere, lines may end with CR LF, the last may have no end', () => {
    const text = (DOTTED + COLONS).replaceAll('\n', '\r\n').trimEnd()

    for (const chunkBytes of [1, 7, 64]) {
      const { arrays } = tableOf(text, chunkBytes)
      expect(isDeepStrictEqual(arrays, tableOf(DOTTED + COLONS).arrays)).toBe(true)
    }
    expect(tableOf('192.0.2.0,192.0.2.1,5').lookup4(ipv4('192.0.2.1'))).toBe(5)
  })

  test.each([
    ['a header', 'start,end,asn,name'],
    ['a network instead of a range', '192.0.2.0/24,64496,Example'],
    ['three octets', '192.0.2,192.0.3,64496,x'],
    ['five octets', '192.0.2.0.1,192.0.2.0.2,64496,x'],
    ['an octet over 255', '192.0.2.256,192.0.3.0,64496,x'],
    ['an empty octet', '192..2.0,192.0.3.0,64496,x'],
    ['two versions in a line', '192.0.2.0,2001:db8::,64496,x'],
    ['nine groups', '1:2:3:4:5:6:7:8:9,1:2:3:4:5:6:7:8,64496,x'],
    ['seven groups', '1:2:3:4:5:6:7,1:2:3:4:5:6:7:8,64496,x'],
    ['two gaps', '1::2::3,1::3,64496,x'],
    ['a group of five digits', '12345::,12345::,64496,x'],
    ['a number over 128 bits', `${2n ** 128n},${2n ** 128n},64496,x`],
    ['no AS number', '192.0.2.0,192.0.2.255,,x'],
    ['an AS number over 32 bits', '192.0.2.0,192.0.2.255,4294967296,x'],
    ['AS before the number', '192.0.2.0,192.0.2.255,AS64496,x'],
    ['a range that ends before it begins', '192.0.2.9,192.0.2.1,64496,x'],
    ['a range before the one above', '9.0.0.0,9.0.0.1,64496,x'],
    ['an empty line', '']
  ])('a line with %s is refused with file and line', (_, line) => {
    const text = `10.0.0.0,10.255.255.255,1,a\n${line}\n`

    expect(() => tableOf(text)).toThrow(expect.objectContaining({ code: 'SP_GEO_DATABASE' }))
    expect(() => tableOf(text)).toThrow('asn.csv: line 2 is not')
  })

  test('a file without lines is refused before it fills the memory', () => {
    expect(() => tableOf('9'.repeat(200_000))).toThrow('asn.csv: line')
  })
})

/** The last line that holds an address, found by a scan that shares nothing with the reader: split and compare. */
function scanFile<T extends number | bigint>(
  path: string,
  parse: (text: string) => T,
  bucketOf: (address: T) => number
): (address: T) => number {
  const buckets = new Map<number, { first: T; last: T; asn: number }[]>()
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    const [first, last, asn] = line.split(',', 3) as [string, string, string]
    const range = { first: parse(first), last: parse(last), asn: Number(asn) }
    for (let bucket = bucketOf(range.first); bucket <= bucketOf(range.last); bucket++) {
      const bucketed = buckets.get(bucket)
      if (bucketed === undefined) buckets.set(bucket, [range])
      else bucketed.push(range)
    }
  }
  return (address) => {
    const ranges = buckets.get(bucketOf(address))
    return ranges?.findLast(({ first, last }) => first <= address && address <= last)?.asn ?? 0
  }
}

describe('the installed @ip-location-db/asn', () => {
  const folder = dirname(createRequire(__filename).resolve('@ip-location-db/asn/package.json'))

  async function read(file: string): Promise<FlatTable> {
    const builder = new FlatTableBuilder(0)
    const reader = new AsnCsvReader(builder, file)
    for await (const chunk of createReadStream(join(folder, file))) reader.push(chunk as Uint8Array)
    reader.end()
    return builder.build()
  }

  test('200,000 random IPv4 addresses have the AS number that a scan of the decimal file finds', async () => {
    const scan = scanFile(join(folder, 'asn-ipv4-num.csv'), Number, (address) => address >>> 16)
    const table = await read('asn-ipv4.csv')
    const random = randomWords(4)
    const wrong: string[] = []
    let known = 0

    for (let i = 0; i < 200_000; i++) {
      const address = random()
      const asn = table.lookup4(address)
      if (asn !== 0) known++
      if (asn !== scan(address)) wrong.push(ipv4Text(address))
    }

    expect(wrong).toEqual([])
    expect(known).toBeGreaterThan(100_000)
  })

  test('50,000 IPv6 addresses in and around its ranges have the AS number that a scan of the decimal file finds', async () => {
    const scan = scanFile(join(folder, 'asn-ipv6-num.csv'), BigInt, (address) => Number(address >> 96n))
    const table = await read('asn-ipv6.csv')
    const { starts6 } = table.arrays
    const random = randomWords(6)
    const address = new Uint32Array(4)
    const wrong: string[] = []
    let known = 0

    for (let i = 0; i < 50_000; i++) {
      const at = (random() % (starts6.length / 4)) * 4
      address.set(starts6.subarray(at, at + 4))
      if (i % 3 > 0) address[i % 3] = random()
      const asn = table.lookup6(address, 0)
      if (asn !== 0) known++
      const number = address.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)
      if (asn !== scan(number)) wrong.push(ipv6Text(address))
    }

    expect(wrong).toEqual([])
    expect(known).toBeGreaterThan(10_000)
  })
})
