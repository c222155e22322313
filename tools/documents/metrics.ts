// docs/metrics.md, from the table of metrics.
import { METRICS, type MetricDefinition } from '../../services/metrics/metric-table.ts'
import { code, document, GENERATED, table } from './markdown.ts'

/** The whole of docs/metrics.md. */
export function metricsDocument(): string {
  const rows = Object.entries(METRICS).map(([name, definition]: [string, MetricDefinition]) => [
    code(name),
    definition.type,
    definition.labels.map(code).join(', '),
    definition.help
  ])
  return document(
    '# Metrics',
    GENERATED,
    'What /metrics can show (services/metrics/metric-table.ts). A service shows those that it has something to say of; ' +
      'labels have few values and are never an address.',
    table(['metric', 'type', 'labels', 'means'], rows)
  )
}
