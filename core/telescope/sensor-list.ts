// The sensors of a telescope, as sensors.yaml declares them.
import { type Prefix, parsePrefix, prefixAddresses } from '../headers/prefix.ts'
import type { PublicAddressMap } from '../tags/aimed-at.ts'

/** One sensor. */
export interface Sensor {
  /** 1-64 of A-Z a-z 0-9 . _ - : it goes into batch names, file names and metrics. */
  readonly id: string
  /** What people call it; the id where nothing was declared. */
  readonly name: string
  /** The organisation that runs it; empty where nothing was declared. */
  readonly partner: string
  /** ISO 3166-1 alpha-2 of where it stands; null only for the sensor of captures without sensors.yaml. */
  readonly country: string | null
  /** The prefixes that it listens on, as they are on its wire (behind NAT the inside ones); no two overlap. */
  readonly darkSpace: readonly string[]
  /** Under which public addresses its inside ones are seen; empty without NAT. */
  readonly publicAddresses: PublicAddressMap
  /**
   * Start of its first day (seconds since 1970 UTC); null: since ever. Its addresses count as live dark space from
   * then; packets of other days are counted all the same, so that a wrong date in the list loses nothing.
   */
  readonly activeFromSeconds: number | null
  /** End of its last day, exclusive; null: still active. */
  readonly activeUntilSeconds: number | null
}

/** The declared sensors; without sensors.yaml it is the one sensor `local`. */
export interface SensorList {
  readonly sensors: readonly Sensor[]
  /** SHA-256 (hex) of the file's bytes, or `none` without sensors.yaml: the `sensors` of a batch's provenance. */
  readonly version: string
  /** The scenario that made all their packets, where nobody has seen them; null for a real telescope. */
  readonly synthetic: string | null
}

/** The vantage that counts every sensor. */
const ALL_VANTAGE = 'all'

/** The id of the one sensor that captures belong to without sensors.yaml. */
export const LOCAL_SENSOR_ID = 'local'

/** The list that holds without sensors.yaml: one sensor, counted at vantage `all` only. */
export function localSensorList(): SensorList {
  const local: Sensor = {
    id: LOCAL_SENSOR_ID,
    name: LOCAL_SENSOR_ID,
    partner: '',
    country: null,
    darkSpace: [],
    publicAddresses: [],
    activeFromSeconds: null,
    activeUntilSeconds: null
  }
  return { sensors: [local], version: 'none', synthetic: null }
}

/** What a look-up gives; batches of an unknown sensor are rejected as `unknown-sensor`. */
export type SensorLookUp =
  | { readonly kind: 'known'; readonly sensor: Sensor }
  | { readonly kind: 'unknown'; readonly id: string }

/** The sensor of an id, or that there is none. */
export function findSensor(list: SensorList, id: string): SensorLookUp {
  const sensor = list.sensors.find((candidate) => candidate.id === id)
  return sensor === undefined ? { kind: 'unknown', id } : { kind: 'known', sensor }
}

/** The groups of sensors that this one is counted in: its country's and all. */
export function vantagesOf(sensor: Sensor): string[] {
  return sensor.country === null ? [ALL_VANTAGE] : [sensor.country, ALL_VANTAGE]
}

/** The sensors in a country; all of them where it is null. */
export function sensorsIn(sensors: readonly Sensor[], country: string | null): readonly Sensor[] {
  return country === null ? sensors : sensors.filter((sensor) => sensor.country === country)
}

/** Whether the sensor is declared active at a time (seconds since 1970 UTC). */
export function isActiveAt(sensor: Sensor, seconds: number): boolean {
  const { activeFromSeconds: from, activeUntilSeconds: until } = sensor
  return (from === null || seconds >= from) && (until === null || seconds < until)
}

/** Whether it is declared active at any time from a start up to an end, which is not in it. */
export function isActiveWithin(sensor: Sensor, startSeconds: number, endSeconds: number): boolean {
  const { activeFromSeconds: from, activeUntilSeconds: until } = sensor
  return (from === null || endSeconds > from) && (until === null || startSeconds < until)
}

/**
 * Addresses that the sensor listens on, of one IP version: counts are normalised by these, apart, since one IPv6 /64
 * would outweigh every IPv4 sensor. 0 where none are declared.
 */
export function darkAddressCount(sensor: Sensor, ipVersion: 4 | 6): number {
  const prefixes = sensor.darkSpace.map(parsePrefix)
  const ofVersion = prefixes.filter((prefix): prefix is Prefix => prefix?.version === ipVersion)
  return ofVersion.reduce((sum, prefix) => sum + prefixAddresses(prefix), 0)
}
