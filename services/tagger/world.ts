// What a tagger knows beside the messages: geo data, tag rules and the sensor list, loaded once at the start.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { loadGeoTables, type NeededGeo } from '../../adapters/geo-files.ts'
import { readSensorList } from '../../adapters/sensor-list-file.ts'
import type { Configuration } from '../../core/configuration.ts'
import type { GeoTables } from '../../core/geo/locate.ts'
import type { SensorFacts } from '../../core/tagging/enrich-batch.ts'
import type { TaggingWorld } from '../../core/tagging/tag-record.ts'
import { buildAimedAt } from '../../core/tags/aimed-at.ts'
import { TAG_RULES_VERSION } from '../../core/tags/rules.ts'
import { type SensorList, vantagesOf } from '../../core/telescope/sensor-list.ts'

/** What packets are tagged with, as the configuration names it. */
export interface LoadedWorld {
  readonly world: TaggingWorld
  readonly sensors: SensorList
  /** Sentences for people on what is missing. */
  readonly notes: readonly string[]
}

/**
 * Loads what the configuration names. Throws SP_GEO_DATABASE or SP_SENSORS_FILE where a file cannot be used.
 * `hasClockRule` holds for live batches and not for runs. Geo tables that are not needed are not loaded.
 */
export async function loadWorld(
  configuration: Configuration,
  hasClockRule: boolean,
  needed: NeededGeo = { region: true, asn: true }
): Promise<LoadedWorld> {
  const sensors = await readSensorList(configuration.sensorsFile)
  const geo = await loadGeo(configuration, needed)
  const facts = new Map(sensors.sensors.map((sensor) => [sensor.id, factsOf(sensor)]))
  const provenance = { geo: geo.provenance, rules: TAG_RULES_VERSION, sensors: sensors.version }
  const notes = needed.asn && geo.asn === null ? ['No AS numbers: no ASN database is installed.'] : []
  const world: TaggingWorld = {
    geo,
    provenance,
    hasClockRule,
    spoolAgeLimitMs: configuration.spoolAgeHours * 3_600_000,
    sensorFacts: (id) => facts.get(id) ?? null
  }
  return { world, sensors, notes }
}

/** The geo tables alone. Throws SP_GEO_DATABASE. */
export function loadGeo(configuration: Configuration, needed: NeededGeo): Promise<GeoTables> {
  const { regionDatabase, asnDatabase } = configuration
  return loadGeoTables({ regionDatabase, asnDatabase, needed, cacheFolder: cacheFolderOf(configuration) })
}

function factsOf(sensor: SensorList['sensors'][number]): SensorFacts {
  return { vantages: vantagesOf(sensor), aimedAt: buildAimedAt(sensor.publicAddresses) }
}

/** Where built tables are kept. An empty XDG_CACHE_HOME is none, by the XDG base directory specification. */
function cacheFolderOf(configuration: Configuration): string {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return configuration.cacheFolder ?? join(base, 'stormpetrel')
}
