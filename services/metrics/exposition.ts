// Counters are plain numbers in the services; they become Prometheus text only when somebody scrapes.
import { Counter, Gauge, type Metric, Registry } from 'prom-client'
import { LATENCY_BUCKETS_SECONDS, type LatencyHistogram } from './latency-histogram.ts'
import { METRICS, type MetricDefinition, type MetricName, type MetricReading } from './metric-table.ts'

type Labels = Readonly<Record<string, string>>

/** The text of /metrics, made from the readings of this moment. */
export class Exposition {
  readonly #registry = new Registry()
  readonly #metrics = new Map<MetricName, Counter | Gauge | CountedHistogram>()
  readonly #readings: () => readonly MetricReading[]

  /** `readings` is called at every scrape. */
  constructor(readings: () => readonly MetricReading[]) {
    this.#readings = readings
    for (const [name, definition] of Object.entries(METRICS) as [MetricName, MetricDefinition][]) {
      this.#metrics.set(name, this.#register(name, definition))
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async text(): Promise<string> {
    for (const metric of this.#metrics.values()) metric.reset()
    const used = new Set<MetricName>()
    for (const { name, value, labels = {} } of this.#readings()) {
      used.add(name)
      const metric = this.#metrics.get(name)!
      if (metric instanceof CountedHistogram) metric.add(value as LatencyHistogram, labels)
      else metric.inc({ ...labels }, value as number)
    }
    // A metric that this service does not have is left out rather than shown as 0.
    const texts = [...used].map((name) => this.#registry.getSingleMetricAsString(name))
    return `${(await Promise.all(texts)).join('\n')}\n`
  }

  #register(name: MetricName, { type, help, labels }: MetricDefinition): Counter | Gauge | CountedHistogram {
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] }
    switch (type) {
      case 'counter':
        return new Counter(options)
      case 'gauge':
        return new Gauge(options)
      case 'histogram': {
        const histogram = new CountedHistogram(name, help)
        // Of a metric the registry asks only its name and its `get`; prom-client's own cannot be filled from counts.
        this.#registry.registerMetric(histogram as unknown as Metric)
        return histogram
      }
      default:
        return type satisfies never
    }
  }
}

/** A histogram that was counted elsewhere, as prom-client's registry takes it. */
class CountedHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  #values: { metricName: string; labels: Labels; value: number }[] = []

  constructor(name: string, help: string) {
    this.name = name
    this.help = help
  }

  reset(): void {
    this.#values = []
  }

  add(histogram: LatencyHistogram, labels: Labels): void {
    const cumulative = histogram.cumulative()
    const bounds = [...LATENCY_BUCKETS_SECONDS.map(String), '+Inf']
    for (const [i, le] of bounds.entries()) {
      this.#values.push({
        metricName: `${this.name}_bucket`,
        labels: { ...labels, le },
        value: cumulative[i]!
      })
    }
    this.#values.push({ metricName: `${this.name}_sum`, labels, value: histogram.sumSeconds })
    this.#values.push({ metricName: `${this.name}_count`, labels, value: cumulative.at(-1)! })
  }

  get() {
    const { name, help, type, aggregator } = this
    return Promise.resolve({ name, help, type, aggregator, values: this.#values })
  }
}
