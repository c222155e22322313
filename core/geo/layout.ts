// Where publishers put the country and the AS number in an MMDB record. The one place that knows layouts.
import { packRegion, UNKNOWN_REGION } from '../packets/region-code.ts'
import type { MmdbValue } from './mmdb-data.ts'

/** What a table tells of an address. */
export type TableKind = 'region' | 'asn'

/** The value of a table for an address that no database knows: ZZ, or AS number 0. */
export const UNKNOWN: Readonly<Record<TableKind, number>> = { region: packRegion(UNKNOWN_REGION), asn: 0 }

/** The packed region or the AS number of a record, UNKNOWN[kind] where it has none. */
export function valueOfRecord(kind: TableKind, record: MmdbValue): number {
  return kind === 'region' ? packRegion(countryOf(record)) : asnOf(record)
}

/**
 * The country code of a record. `country_code`: ip-location-db and IPinfo Lite (whose `country` is a name in
 * English); `country` as text: IPinfo; `country.iso_code`: MaxMind and DB-IP. MaxMind's `registered_country` is
 * where the network's owner is registered, not where the address is: it is no substitute.
 */
function countryOf(record: MmdbValue): string {
  const code = field(record, 'country_code')
  if (typeof code === 'string') return code
  const country = field(record, 'country')
  if (typeof country === 'string') return country
  const isoCode = field(country, 'iso_code')
  return typeof isoCode === 'string' ? isoCode : UNKNOWN_REGION
}

/**
 * The AS number. `autonomous_system_number`: MaxMind, DB-IP, ip-location-db; `asn` as 'AS123', '123' or 123: IPinfo.
 */
function asnOf(record: MmdbValue): number {
  const asn = field(record, 'autonomous_system_number') ?? field(record, 'asn')
  const digits = typeof asn === 'string' ? asn.replace(/^AS/i, '') : asn
  if (typeof digits === 'string' && !/^\d+$/.test(digits)) return UNKNOWN.asn
  const number = Number(digits)
  return Number.isInteger(number) && number >= 0 && number <= 0xffff_ffff ? number : UNKNOWN.asn
}

function field(record: MmdbValue | undefined, key: string): MmdbValue | undefined {
  return record instanceof Map ? record.get(key) : undefined
}
