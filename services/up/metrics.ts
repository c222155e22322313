// `up` exposes what its three services count.
import type { AggregatorCounters } from '../aggregator/metrics.ts'
import type { MetricReading } from '../metrics/metric-table.ts'
import { aggregatorReadings, buildReading, sensorReadings, taggerReadings } from '../metrics/readings.ts'
import type { SensorCounters } from '../sensor/metrics.ts'
import type { TaggerCounters } from '../tagger/metrics.ts'

/** The counters of the three services, and how far two of them are behind. */
export interface UpCounters {
  readonly sensor: SensorCounters
  readonly tagger: TaggerCounters
  readonly aggregator: AggregatorCounters
  readonly taggerLagRecords: number
  readonly aggregatorLagRecords: number
}

/** All readings of the process, at a scrape. */
export function upReadings(version: string, sensor: string, counters: UpCounters): MetricReading[] {
  return [
    buildReading(version, 'up'),
    ...sensorReadings(sensor, counters.sensor),
    ...taggerReadings(counters.tagger, counters.taggerLagRecords),
    ...aggregatorReadings(counters.aggregator, counters.aggregatorLagRecords)
  ]
}
