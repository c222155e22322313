// The real Prometheus with the real rules and the real Alertmanager with the real routes, around an embedded telescope. A
// minute of the rules is a second here.
import { stringify } from 'yaml'
import { type Alertmanager, startAlertmanager } from '../../tools/stack/alertmanager.ts'
import { type Prometheus, startPrometheus } from '../../tools/stack/prometheus.ts'
import { until } from '../stack/process-life.ts'
import { type EmbeddedTelescope, SENSORS } from './embedded-telescope.ts'
import { scaledAlertmanager, scaledRules } from './scaled-files.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

/** Where the alerts' runbooks are, as this Prometheus says. */
export const RUNBOOKS = 'https://runbooks.example'
const SERVICES = ['sensor', 'tagger', 'aggregator', 'detector']

/** A sensor is silent after seconds rather than minutes. */
const OWN_RULES = stringify({
  groups: [
    {
      name: 'own',
      rules: SENSORS.map((sensor) => ({
        record: 'stormpetrel:sensor_silent_after_seconds:own',
        expr: 'vector(6)',
        labels: { sensor }
      }))
    }
  ]
})

function job(name: string, target: string) {
  return { job_name: name, static_configs: [{ targets: [target] }] }
}

/** What is told of a telescope, and to whom. */
export class Alerting {
  readonly receiver = new WebhookReceiver()
  readonly #telescope: EmbeddedTelescope
  #alertmanager: Alertmanager | null = null
  #prometheus: Prometheus | null = null

  constructor(telescope: EmbeddedTelescope) {
    this.#telescope = telescope
  }

  /** Where Alertmanager answers. */
  get alertmanagerUrl(): string {
    return this.#alertmanager!.url
  }

  /** After the telescope. */
  async start(): Promise<void> {
    this.#alertmanager = await startAlertmanager({ config: scaledAlertmanager(await this.receiver.start()) })
    this.#prometheus = await startPrometheus({ config: (port) => this.#configOf(port) })
    // The seconds until it has found its targets would be minutes.
    await this.#prometheus.scraped()
    await this.#prometheus.useRules({ ...scaledRules(), 'own.yml': OWN_RULES })
  }

  async stop(): Promise<void> {
    await this.#prometheus?.stop()
    await this.#alertmanager?.stop()
    await this.receiver.stop()
  }

  /** Now, for `told` and the like. */
  mark(): number {
    return this.receiver.received.length
  }

  /** What one receiver was told since a moment, in order, each once. */
  told(name: string, mark: number): string[] {
    const since = new WebhookReceiver()
    since.received.push(...this.receiver.received.slice(mark))
    return since.told(name)
  }

  /** Pages and notices. */
  toldSince(mark: number): string[] {
    return [...this.told('page', mark), ...this.told('notice', mark)]
  }

  async untilTold(since: number, alerts: readonly string[]): Promise<void> {
    await until(
      `${alerts.join(', ')} is told`,
      () => alerts.every((alert) => this.toldSince(since).includes(alert)),
      30_000
    )
  }

  #configOf(port: number): string {
    const alertmanager = new URL(this.alertmanagerUrl).host
    return stringify({
      global: {
        scrape_interval: '500ms',
        evaluation_interval: '500ms',
        external_labels: { runbooks: RUNBOOKS }
      },
      rule_files: ['rules/*.yml'],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
      scrape_configs: [
        ...SERVICES.map((service) => job(`stormpetrel-${service}`, this.#telescope.target(service))),
        job('prometheus', `127.0.0.1:${port}`),
        job('alertmanager', alertmanager)
      ]
    })
  }
}
