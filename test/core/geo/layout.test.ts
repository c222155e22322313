import { describe, expect, test } from '@jest/globals'
import { valueOfRecord } from '../../../core/geo/layout.ts'
import type { MmdbValue } from '../../../core/geo/mmdb-data.ts'
import { unpackRegion } from '../../../core/packets/region-code.ts'

type Plain = string | number | { readonly [key: string]: Plain }

function record(value: Plain): MmdbValue {
  if (typeof value !== 'object') return value
  return new Map(Object.entries(value).map(([key, inner]) => [key, record(inner)]))
}

describe('layouts of publishers', () => {
  test.each([
    ['MaxMind and DB-IP', { country: { iso_code: 'JP' } }, 'JP'],
    ['IPinfo', { country: 'JP', country_name: 'Japan' }, 'JP'],
    ['IPinfo Lite', { country: 'Japan', country_code: 'JP' }, 'JP'],
    ['ip-location-db', { country_code: 'JP' }, 'JP'],
    [
      'a registered country, which is not where the address is',
      { registered_country: { iso_code: 'JP' } },
      'ZZ'
    ],
    ['a name instead of a code', { country: 'Japan' }, 'ZZ'],
    ['no map', 'JP', 'ZZ']
  ])('the region is read from %s', (_, layout, region) => {
    expect(unpackRegion(valueOfRecord('region', record(layout)))).toBe(region)
  })

  test.each([
    ['MaxMind, DB-IP and ip-location-db', { autonomous_system_number: 2500 }, 2500],
    ['IPinfo', { asn: 'AS2500' }, 2500],
    ['digits', { asn: '2500' }, 2500],
    ['a number', { asn: 4_294_967_295 }, 4_294_967_295],
    ['an empty text', { asn: '' }, 0],
    ['a name', { asn: 'WIDE' }, 0],
    ['a number over 32 bits', { asn: 4_294_967_296 }, 0],
    ['no such field', { country_code: 'JP' }, 0]
  ])('the AS number is read from %s', (_, layout, asn) => {
    expect(valueOfRecord('asn', record(layout))).toBe(asn)
  })
})
