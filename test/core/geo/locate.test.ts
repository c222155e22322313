import { describe, expect, test } from '@jest/globals'
import { FlatTableBuilder } from '../../../core/geo/flat-table-builder.ts'
import { UNKNOWN } from '../../../core/geo/layout.ts'
import { locateColumns } from '../../../core/geo/locate.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { packRegion, unpackRegion } from '../../../core/packets/region-code.ts'
import { ipv4, ipv6 } from './addresses.ts'

function columnsOf(sources: readonly string[]): PacketColumns {
  const columns = new PacketColumns(sources.length + 1)
  columns.length = sources.length
  for (const [row, source] of sources.entries()) {
    const isIpv6 = source.includes(':')
    columns.ipVersion[row] = isIpv6 ? 6 : 4
    columns.src.set(isIpv6 ? ipv6(source) : [ipv4(source)], row * 4)
  }
  columns.region.fill(1)
  columns.asn.fill(1)
  return columns
}

describe('locating packets', () => {
  const regions = new FlatTableBuilder(UNKNOWN.region)
  regions.add4(ipv4('192.0.2.0'), ipv4('192.0.2.255'), packRegion('JP'))
  regions.add6(ipv6('2001:db8::'), ipv6('2001:db8:ffff::'), packRegion('DE'))
  const asns = new FlatTableBuilder(UNKNOWN.asn)
  asns.add4(ipv4('192.0.2.0'), ipv4('192.0.2.255'), 2500)
  const tables = { region: regions.build(), asn: asns.build(), provenance: [] }

  test('every row has the region and AS number of its source, rows past the length are left alone', () => {
    const columns = columnsOf(['192.0.2.1', '198.51.100.1', '2001:db8::1', '2001:db9::1'])

    locateColumns(columns, tables)

    expect([...columns.region.subarray(0, 4)].map(unpackRegion)).toEqual(['JP', 'ZZ', 'DE', 'ZZ'])
    expect([...columns.asn]).toEqual([2500, 0, 0, 0, 1])
    expect(columns.region[4]).toBe(1)
  })

  test('without databases every region is ZZ and every AS number 0', () => {
    const columns = columnsOf(['192.0.2.1', '2001:db8::1'])

    locateColumns(columns, { region: null, asn: null, provenance: [] })

    expect([...columns.region.subarray(0, 2)].map(unpackRegion)).toEqual(['ZZ', 'ZZ'])
    expect([...columns.asn]).toEqual([0, 0, 1])
  })
})
