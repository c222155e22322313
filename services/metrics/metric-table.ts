// Every metric of every service, declared once; docs/metrics.md is generated from it and a service can expose no other.

import type { LatencyHistogram } from './latency-histogram.ts'

/** The types of Prometheus that are used. */
export type MetricType = 'counter' | 'gauge' | 'histogram'

/** What is declared of a metric; labels are their names. */
export interface MetricDefinition {
  readonly type: MetricType
  readonly help: string
  readonly labels: readonly string[]
}

/** Base units, `_total` on counters, labels of few values and never an address. */
export const METRICS = {
  stormpetrel_build_info: {
    type: 'gauge',
    help: 'Always 1; the version and the service as labels.',
    labels: ['version', 'service']
  },
  stormpetrel_batches_total: { type: 'counter', help: 'Batches handled.', labels: ['service'] },
  stormpetrel_packets_total: {
    type: 'counter',
    help: 'Packets handled (before the aggregator, packets are at least once).',
    labels: ['service']
  },
  stormpetrel_received_bytes_total: {
    type: 'counter',
    help: 'Bytes that came in: captured bytes at the sensor, else values read from Kafka (0 within one process).',
    labels: ['service']
  },
  stormpetrel_sent_bytes_total: {
    type: 'counter',
    help: 'Bytes of values written to Kafka and acknowledged (0 within one process, where nothing is encoded).',
    labels: ['service']
  },
  stormpetrel_rejected_frames_total: {
    type: 'counter',
    help: 'Frames that became no packet, by reason (docs/rejections.md).',
    labels: ['service', 'reason']
  },
  stormpetrel_lag_records: {
    type: 'gauge',
    help: 'Records between the position and the end of the log, over the held partitions.',
    labels: ['service']
  },
  stormpetrel_kernel_dropped_packets_total: {
    type: 'counter',
    help: 'Packets that the kernel dropped before the sensor could read them.',
    labels: ['sensor']
  },
  stormpetrel_spool_bytes: {
    type: 'gauge',
    help: "Bytes of the sensor's spool on disk.",
    labels: ['sensor']
  },
  stormpetrel_spool_max_bytes: {
    type: 'gauge',
    help: 'Bytes that the spool may take; beyond them batches are dropped and declared.',
    labels: ['sensor']
  },
  stormpetrel_spool_waiting_batches: {
    type: 'gauge',
    help: 'Spooled batches that Kafka has not acknowledged.',
    labels: ['sensor']
  },
  stormpetrel_spool_oldest_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest of them waits; 0 where none does.',
    labels: ['sensor']
  },
  stormpetrel_spool_dropped_batches_total: {
    type: 'counter',
    help: 'Batches that the spool dropped and declared, by reason: full, age, refused (by the brokers), damaged.',
    labels: ['sensor', 'reason']
  },
  stormpetrel_spool_dropped_frames_total: {
    type: 'counter',
    help: 'Frames of those batches.',
    labels: ['sensor', 'reason']
  },
  stormpetrel_spool_cut_bytes_total: {
    type: 'counter',
    help: 'Bytes of a torn end that were cut off the spool at the start.',
    labels: ['sensor']
  },
  stormpetrel_spool_damaged_segments_total: {
    type: 'counter',
    help: 'Segments of the spool that the disk gave back otherwise than they were written.',
    labels: ['sensor']
  },
  stormpetrel_finished_files_total: {
    type: 'counter',
    help: 'Followed capture files that are done with, damaged ones included.',
    labels: ['sensor']
  },
  stormpetrel_damaged_files_total: {
    type: 'counter',
    help: 'Followed capture files that were not read to their end: damaged, or gone.',
    labels: ['sensor']
  },
  stormpetrel_counted_packets_total: {
    type: 'counter',
    help: 'Packets that the aggregator had counted in the store, each once.',
    labels: []
  },
  stormpetrel_repeated_batches_total: {
    type: 'counter',
    help: 'Batches that were delivered again and not counted again.',
    labels: []
  },
  stormpetrel_closed_batches_total: {
    type: 'counter',
    help: 'Batches that came after their number was closed as dropped or lost, and were refused.',
    labels: []
  },
  stormpetrel_reused_names_total: {
    type: 'counter',
    help: 'Batches whose name was seen before with other contents.',
    labels: []
  },
  stormpetrel_expired_packets_total: {
    type: 'counter',
    help: 'Packets of windows past their retention, by window size.',
    labels: ['window']
  },
  stormpetrel_ledger_frames: {
    type: 'gauge',
    help:
      'Frames of each sensor in the store, by what became of them (stormpetrel ledger): captured is the sum of the ' +
      'others. From the store, at most a minute old, the same from every aggregator.',
    labels: ['sensor', 'state']
  },
  stormpetrel_sensor_watermark_timestamp_seconds: {
    type: 'gauge',
    help:
      'The newest packet of each sensor that is counted, by its capture time; of a sensor on a live interface that ' +
      'receives nothing, its newest heartbeat. From the store, as above.',
    labels: ['sensor']
  },
  stormpetrel_sensor_declared: {
    type: 'gauge',
    help: 'Whether a sensor of sensors.yaml is in its declared days now (1) or not (0), as the tagger read them.',
    labels: ['sensor']
  },
  stormpetrel_geo_built_timestamp_seconds: {
    type: 'gauge',
    help: 'When the geo databases were built that the tagger looks addresses up in; 0 where a file does not say.',
    labels: ['database']
  },
  stormpetrel_store_read_timestamp_seconds: {
    type: 'gauge',
    help: "When the aggregator last read the store for what it shows of it, by the aggregator's clock.",
    labels: []
  },
  stormpetrel_store_used_bytes: {
    type: 'gauge',
    help: 'Memory of Redis that counts against its limit; of a cluster, of the master that is nearest to its limit.',
    labels: []
  },
  stormpetrel_store_max_bytes: {
    type: 'gauge',
    help: "That limit: maxmemory, or the machine's memory where none is set. Beyond it nothing is counted.",
    labels: []
  },
  stormpetrel_store_errors_total: {
    type: 'counter',
    help: 'Flushes that the store did not answer; each was tried again.',
    labels: []
  },
  stormpetrel_store_full: {
    type: 'gauge',
    help: 'Whether the store refuses to count because its memory is full (1): give it more; the aggregator waits, and nothing is lost.',
    labels: []
  },
  stormpetrel_lost_records_total: {
    type: 'counter',
    help: 'Records (batches) that Kafka deleted before the service had read them: the tagger of packets.raw, the aggregator of packets.enriched.',
    labels: ['service']
  },
  stormpetrel_late_sources: {
    type: 'gauge',
    help: 'Sources (each once a series) that came after their window was closed to a number, by window size, in the whole store as of the last minute; one that is sent again is counted again. Live only.',
    labels: ['window']
  },
  stormpetrel_rewinds_total: {
    type: 'counter',
    help:
      'Times that records were read again because the store had lost counts (found="loss"), or because an answer of it ' +
      'was lost and nothing else (found="doubt").',
    labels: ['found']
  },
  stormpetrel_latency_seconds: {
    type: 'histogram',
    help:
      "From a live batch being closed, by its sensor's clock, to the service being done with it: " +
      'acknowledged by Kafka (sensor, tagger), its count readable (aggregator). Runs have none.',
    labels: ['service']
  },
  stormpetrel_surge_active: {
    type: 'gauge',
    help: 'Open surges: 1 for each of the 50 most certain, and how many more there are as series="other".',
    labels: ['series', 'kind', 'severity']
  },
  stormpetrel_surge_ratio: {
    type: 'gauge',
    help: 'How many times its baseline an open surge is; the 50 most certain.',
    labels: ['series', 'kind']
  },
  stormpetrel_surge_onset_timestamp_seconds: {
    type: 'gauge',
    help: 'When an open surge began, in seconds since 1970; the 50 most certain.',
    labels: ['series', 'kind']
  },
  stormpetrel_detector_judging: {
    type: 'gauge',
    help: 'Whether this detector judges (1): of several, one does, and the others wait for it to fail.',
    labels: []
  },
  stormpetrel_detector_judged_hour_timestamp_seconds: {
    type: 'gauge',
    help: 'End of the newest hour that this detector has judged, in seconds since 1970; before the first, when it began.',
    labels: []
  },
  stormpetrel_detector_series: {
    type: 'gauge',
    help: 'Series that the detector keeps a baseline of.',
    labels: []
  },
  stormpetrel_detector_waiting_changes: {
    type: 'gauge',
    help: 'Changes of surges that Kafka has not acknowledged.',
    labels: []
  },
  stormpetrel_detector_sent_changes_total: {
    type: 'counter',
    help: 'Changes of surges that Kafka has acknowledged.',
    labels: []
  },
  stormpetrel_detector_failed_rounds_total: {
    type: 'counter',
    help: 'Rounds of the detector that Redis or Kafka did not answer; each is tried again.',
    labels: []
  }
} as const satisfies Record<string, MetricDefinition>

/** A metric that may be exposed. */
export type MetricName = keyof typeof METRICS

/** One value of one metric, as a service reads it from its counters when it is asked; a histogram where it is one. */
export interface MetricReading {
  readonly name: MetricName
  readonly value: number | LatencyHistogram
  readonly labels?: Readonly<Record<string, string>>
}
