// What each service's counters say, as readings of the declared metrics.
import type { SensorTotals } from '../../core/store/count-store.ts'
import { rejectedFramesOf, unexplainedFrames } from '../../core/store/ledger.ts'
import { isActiveAt } from '../../core/telescope/sensor-list.ts'
import type { Spool } from '../../adapters/spool.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import type { AggregatorCounters } from '../aggregator/metrics.ts'
import type { DetectorCounters } from '../detector/metrics.ts'
import type { SensorCounters } from '../sensor/metrics.ts'
import type { TaggerCounters } from '../tagger/metrics.ts'
import type { LoadedWorld } from '../tagger/world.ts'
import type { LatencyHistogram } from './latency-histogram.ts'
import type { MetricReading } from './metric-table.ts'

/** The build as a reading of value 1. */
export function buildReading(version: string, service: string): MetricReading {
  return { name: 'stormpetrel_build_info', value: 1, labels: { version, service } }
}

/** What a sensor has counted since its start. */
export function sensorReadings(sensor: string, counters: SensorCounters): MetricReading[] {
  const labels = { service: 'sensor' }
  return [
    { name: 'stormpetrel_batches_total', value: counters.batches, labels },
    { name: 'stormpetrel_packets_total', value: counters.packets, labels },
    ...byteReadings(counters, labels),
    ...latencyReadings(counters.latency, labels),
    { name: 'stormpetrel_kernel_dropped_packets_total', value: counters.kernelDrops, labels: { sensor } },
    { name: 'stormpetrel_finished_files_total', value: counters.finishedFiles, labels: { sensor } },
    { name: 'stormpetrel_damaged_files_total', value: counters.damagedFiles, labels: { sensor } },
    ...rejectedReadings('sensor', counters.rejectedFrames)
  ]
}

/** What a sensor's spool holds, and what it has dropped since its start. */
export function spoolReadings(sensor: string, spool: Spool, nowMs: number): MetricReading[] {
  const labels = { sensor }
  const { oldestWaitingMs, counters } = spool
  const ageMs = oldestWaitingMs === null ? 0 : Math.max(0, nowMs - oldestWaitingMs)
  const dropped = [...counters.dropped].flatMap(([reason, { batches, frames }]): MetricReading[] => [
    { name: 'stormpetrel_spool_dropped_batches_total', value: batches, labels: { sensor, reason } },
    { name: 'stormpetrel_spool_dropped_frames_total', value: frames, labels: { sensor, reason } }
  ])
  return [
    { name: 'stormpetrel_spool_bytes', value: spool.sizeBytes, labels },
    { name: 'stormpetrel_spool_max_bytes', value: spool.sizeLimitBytes, labels },
    { name: 'stormpetrel_spool_waiting_batches', value: spool.waitingBatches, labels },
    { name: 'stormpetrel_spool_oldest_age_seconds', value: ageMs / 1000, labels },
    { name: 'stormpetrel_spool_cut_bytes_total', value: counters.cutBytes, labels },
    { name: 'stormpetrel_spool_damaged_segments_total', value: counters.damagedSegments, labels },
    ...dropped
  ]
}

/** What a tagger has counted since its start, and how many records it is behind. */
export function taggerReadings(counters: TaggerCounters, lagRecords: number): MetricReading[] {
  const labels = { service: 'tagger' }
  return [
    { name: 'stormpetrel_batches_total', value: counters.batches, labels },
    { name: 'stormpetrel_packets_total', value: counters.packets, labels },
    ...byteReadings(counters, labels),
    ...latencyReadings(counters.latency, labels),
    { name: 'stormpetrel_lost_records_total', value: counters.lostRecords, labels },
    { name: 'stormpetrel_lag_records', value: lagRecords, labels },
    ...rejectedReadings('tagger', counters.rejectedFrames)
  ]
}

/** What a live tagger was started with: the declared sensors, and how old its geo data are. */
export function worldReadings({ world, sensors }: LoadedWorld, nowSeconds: number): MetricReading[] {
  const declared = sensors.sensors.map(
    (sensor): MetricReading => ({
      name: 'stormpetrel_sensor_declared',
      value: isActiveAt(sensor, nowSeconds) ? 1 : 0,
      labels: { sensor: sensor.id }
    })
  )
  const built = world.provenance.geo.map(
    (database): MetricReading => ({
      name: 'stormpetrel_geo_built_timestamp_seconds',
      value: Number.isNaN(Date.parse(database.built)) ? 0 : Date.parse(database.built) / 1000,
      labels: { database: database.name }
    })
  )
  return [...declared, ...built]
}

/** What an aggregator has counted since its start, and how many records it is behind. */
export function aggregatorReadings(counters: AggregatorCounters, lagRecords: number): MetricReading[] {
  const labels = { service: 'aggregator' }
  const expired = [...counters.expiredPackets].map(
    ([window, value]): MetricReading => ({
      name: 'stormpetrel_expired_packets_total',
      value,
      labels: { window }
    })
  )
  return [
    { name: 'stormpetrel_batches_total', value: counters.batches, labels },
    { name: 'stormpetrel_packets_total', value: counters.packets, labels },
    { name: 'stormpetrel_counted_packets_total', value: counters.packets },
    { name: 'stormpetrel_repeated_batches_total', value: counters.repeatedBatches },
    { name: 'stormpetrel_closed_batches_total', value: counters.closedBatches },
    { name: 'stormpetrel_reused_names_total', value: counters.reusedNames },
    { name: 'stormpetrel_store_errors_total', value: counters.storeErrors },
    { name: 'stormpetrel_store_full', value: counters.isStoreFull ? 1 : 0 },
    { name: 'stormpetrel_lost_records_total', value: counters.lostRecords, labels },
    {
      name: 'stormpetrel_rewinds_total',
      value: counters.rewinds - counters.rewindsInDoubt,
      labels: { found: 'loss' }
    },
    { name: 'stormpetrel_rewinds_total', value: counters.rewindsInDoubt, labels: { found: 'doubt' } },
    ...byteReadings(counters, labels),
    ...latencyReadings(counters.latency, labels),
    { name: 'stormpetrel_lag_records', value: lagRecords, labels },
    ...rejectedReadings('aggregator', counters.rejectedFrames),
    ...counters.ledger.flatMap(ledgerReadings),
    ...storeReadings(counters),
    ...expired,
    ...lateReadings(counters)
  ]
}

/** Nothing until the store was asked: a run and the first minute have none to show. */
function lateReadings({ lateSources }: AggregatorCounters): MetricReading[] {
  return Object.entries(lateSources ?? {}).map(([window, value]) => ({
    name: 'stormpetrel_late_sources',
    value,
    labels: { window }
  }))
}

/** Nothing until the store was asked, as above. */
function storeReadings({ watermarks, storeMemory, storeReadAtMs }: AggregatorCounters): MetricReading[] {
  if (storeReadAtMs === null) return []
  const newest = [...watermarks].map(
    ([sensor, value]): MetricReading => ({
      name: 'stormpetrel_sensor_watermark_timestamp_seconds',
      value,
      labels: { sensor }
    })
  )
  const memory: MetricReading[] =
    storeMemory === null
      ? []
      : [
          { name: 'stormpetrel_store_used_bytes', value: storeMemory.usedBytes },
          { name: 'stormpetrel_store_max_bytes', value: storeMemory.maxBytes }
        ]
  const readAt = { name: 'stormpetrel_store_read_timestamp_seconds', value: storeReadAtMs / 1000 } as const
  return [readAt, ...newest, ...memory]
}

type ServiceLabels = Readonly<{ service: string }>

interface ByteCounters {
  readonly receivedBytes: number
  readonly sentBytes: number
}

function byteReadings({ receivedBytes, sentBytes }: ByteCounters, labels: ServiceLabels): MetricReading[] {
  return [
    { name: 'stormpetrel_received_bytes_total', value: receivedBytes, labels },
    { name: 'stormpetrel_sent_bytes_total', value: sentBytes, labels }
  ]
}

/** Series that are shown by name: labels have few values. */
const MOST_SURGES = 50

/** What a detector knows; of surges, those that are open, where it is the one that judges. */
export function detectorReadings(counters: DetectorCounters): MetricReading[] {
  const { isJudging, judgedUpToSeconds, series, waitingChanges, sentChanges, failedRounds, open } = counters
  const surges = [
    ...open.slice(0, MOST_SURGES).flatMap(surgeReadings),
    ...otherSurges(open.slice(MOST_SURGES))
  ]
  return [
    { name: 'stormpetrel_detector_judging', value: isJudging ? 1 : 0 },
    { name: 'stormpetrel_detector_judged_hour_timestamp_seconds', value: judgedUpToSeconds },
    { name: 'stormpetrel_detector_series', value: series },
    { name: 'stormpetrel_detector_waiting_changes', value: waitingChanges },
    { name: 'stormpetrel_detector_sent_changes_total', value: sentChanges },
    { name: 'stormpetrel_detector_failed_rounds_total', value: failedRounds },
    ...(isJudging ? surges : [])
  ]
}

function surgeReadings({ series, kind, severity, ratio, onsetSeconds }: SurgeChange): MetricReading[] {
  const labels = { series, kind }
  return [
    { name: 'stormpetrel_surge_active', value: 1, labels: { ...labels, severity } },
    { name: 'stormpetrel_surge_ratio', value: ratio, labels },
    { name: 'stormpetrel_surge_onset_timestamp_seconds', value: onsetSeconds, labels }
  ]
}

/** Readings of the same labels are added up. */
function otherSurges(open: readonly SurgeChange[]): MetricReading[] {
  return open.map(({ kind, severity }) => ({
    name: 'stormpetrel_surge_active',
    value: 1,
    labels: { series: 'other', kind, severity }
  }))
}

function latencyReadings(latency: LatencyHistogram | null, labels: ServiceLabels): MetricReading[] {
  return latency === null ? [] : [{ name: 'stormpetrel_latency_seconds', value: latency, labels }]
}

function ledgerReadings(totals: SensorTotals): MetricReading[] {
  const states = {
    captured: totals.capturedFrames,
    counted: totals.countedPackets,
    rejected: rejectedFramesOf(totals),
    dropped: totals.droppedFrames,
    lost: totals.lostFrames,
    gap: totals.gapFrames,
    unexplained: unexplainedFrames(totals)
  }
  return Object.entries(states).map(([state, value]) => ({
    name: 'stormpetrel_ledger_frames',
    value,
    labels: { sensor: totals.sensor, state }
  }))
}

function rejectedReadings(service: string, rejectedFrames: ReadonlyMap<string, number>): MetricReading[] {
  return [...rejectedFrames].map(([reason, value]) => ({
    name: 'stormpetrel_rejected_frames_total',
    value,
    labels: { service, reason }
  }))
}
