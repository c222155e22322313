// Every metric of every service, declared once; docs/metrics.md is generated from it and a service can expose no other.

/** The types of Prometheus that are used. */
export type MetricType = 'counter' | 'gauge'

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
    help: 'Bytes of message values read from Kafka (0 within one process, where nothing is encoded).',
    labels: ['service']
  },
  stormpetrel_sent_bytes_total: {
    type: 'counter',
    help: 'Bytes of headers in the batches that a sensor has sent.',
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
  stormpetrel_store_errors_total: {
    type: 'counter',
    help: 'Flushes that the store did not answer; each was tried again.',
    labels: []
  },
  stormpetrel_lost_records_total: {
    type: 'counter',
    help: 'Records (batches) of packets.enriched that Kafka deleted before they were counted.',
    labels: []
  },
  stormpetrel_rewinds_total: {
    type: 'counter',
    help: 'Times that the store had lost data and the topic was read again.',
    labels: []
  },
  stormpetrel_count_latency_seconds: {
    type: 'gauge',
    help: 'From the broker taking the newest counted batch to its count being readable.',
    labels: []
  }
} as const satisfies Record<string, MetricDefinition>

/** A metric that may be exposed. */
export type MetricName = keyof typeof METRICS

/** One value of one metric, as a service reads it from its counters when it is asked. */
export interface MetricReading {
  readonly name: MetricName
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}
