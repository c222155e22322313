// Counters are plain numbers in the services; they become Prometheus text only when somebody scrapes.
import { Counter, Gauge, Registry } from 'prom-client'
import { METRICS, type MetricDefinition, type MetricName, type MetricReading } from './metric-table.ts'

/** The text of /metrics, made from the readings of this moment. */
export class Exposition {
  readonly #registry = new Registry()
  readonly #metrics = new Map<MetricName, Counter | Gauge>()
  readonly #readings: () => readonly MetricReading[]

  /** `readings` is called at every scrape. */
  constructor(readings: () => readonly MetricReading[]) {
    this.#readings = readings
    for (const [name, definition] of Object.entries(METRICS) as [MetricName, MetricDefinition][]) {
      const options = {
        name,
        help: definition.help,
        labelNames: [...definition.labels],
        registers: [this.#registry]
      }
      this.#metrics.set(name, definition.type === 'counter' ? new Counter(options) : new Gauge(options))
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async text(): Promise<string> {
    for (const metric of this.#metrics.values()) metric.reset()
    const used = new Set<MetricName>()
    for (const { name, value, labels } of this.#readings()) {
      used.add(name)
      this.#metrics.get(name)!.inc({ ...labels }, value)
    }
    // A metric that this service does not have is left out rather than shown as 0.
    const texts = [...used].map((name) => this.#registry.getSingleMetricAsString(name))
    return `${(await Promise.all(texts)).join('\n')}\n`
  }
}
