// What a run found, as a table for people and one last line for programs.
import type { LateTotals } from '../../core/store/count-store.ts'
import type { CalmComparison } from './calm.ts'
import type { Comparison } from './comparison.ts'
import type { Backlog } from './drain.ts'
import { countByKind, type FaultEntry } from './fault-log.ts'
import type { ChaosOptions } from './options.ts'
import type { UnaskedEnd } from './supervised-process.ts'
import type { TruthTotals } from './truth.ts'

/** All findings. */
export interface Report {
  readonly options: ChaosOptions
  readonly totals: TruthTotals
  readonly entries: readonly FaultEntry[]
  readonly isDrained: boolean
  readonly backlog: Backlog
  readonly comparison: Comparison
  readonly ledgerFaults: readonly string[]
  readonly counted: number
  readonly rejected: number
  readonly unexplained: number
  readonly late: LateTotals
  readonly answers: { readonly rows: number; readonly differences: number }
  readonly calm: CalmComparison | null
  readonly reader: {
    readonly batches: number
    readonly repeats: number
    readonly packets: number
    readonly lost: number
    readonly doubled: number
  } | null
  readonly rewinds: number
  readonly ends: readonly UnaskedEnd[]
}

/** Prints it, and answers the exit code: 0 where everything is exact. */
export function printReport(report: Report, print: (text: string) => void): 0 | 1 {
  const { comparison, calm, reader, ledgerFaults, totals, entries, options } = report
  const faults = countByKind(entries)
  const line = (text: string) => print(`${text}\n`)
  line('fault            confirmed  not seen')
  for (const kind of [...new Set(entries.map((entry) => entry.kind))].sort()) {
    const unseen = entries.filter((entry) => entry.kind === kind && !entry.isConfirmed).length
    line(`${kind.padEnd(16)} ${String(faults[kind] ?? 0).padStart(9)} ${String(unseen).padStart(9)}`)
  }
  line('')
  line(`${comparison.cells} (window, key) cells compared, ${comparison.differences} differ`)
  for (const { window, series, wanted, found } of comparison.examples)
    line(`  ${window} ${series}: ${found}, not ${wanted}`)
  line(
    `estimates of unique sources: at most ${comparison.worstEstimate.sigmas.toFixed(1)} standard errors from the ` +
      `exact number (${comparison.worstEstimate.what})`
  )
  line(`ledger: ${ledgerFaults.length === 0 ? 'as the captures say' : ''}`)
  for (const fault of ledgerFaults) line(`  ${fault}`)
  line(`stormpetrel counts: ${report.answers.rows} rows, ${report.answers.differences} differ`)
  if (calm !== null) {
    line(
      `calm count of the same files: ${calm.cells} cells, ${calm.packetDifferences} differ; ${calm.estimates} ` +
        `estimates of sources, ${calm.sourceDifferences} differ`
    )
    for (const example of calm.examples) line(`  ${example}`)
  }
  if (reader !== null) line(`Python, first of each name: ${JSON.stringify(reader)}`)
  if (!report.isDrained) line(`not drained: ${JSON.stringify(report.backlog)}`)
  for (const end of report.ends)
    line(
      `ended by itself: ${end.name} at ${new Date(end.atMs).toISOString()}, ${end.exitCode ?? end.signal}: ${end.lastLine}`
    )
  line('')
  line(
    JSON.stringify({
      packets: totals.packets,
      counted: report.counted,
      rejected: report.rejected,
      lost: comparison.lost,
      doubled: comparison.doubled,
      faults,
      seed: options.seed,
      cells: comparison.cells,
      differing: comparison.differences,
      ledger: ledgerFaults.length,
      answers: report.answers.differences,
      sources: calm?.sourceDifferences ?? null,
      calm: calm?.packetDifferences ?? null,
      reader: reader === null ? null : reader.lost + reader.doubled,
      late: Object.values(report.late.lateSources).reduce((sum, each) => sum + each, 0),
      rewinds: report.rewinds,
      ends: report.ends.length,
      drained: report.isDrained
    })
  )
  const wrong = [
    comparison.lost,
    comparison.doubled,
    comparison.differences,
    ledgerFaults.length,
    report.answers.differences,
    calm?.sourceDifferences ?? 0,
    calm?.packetDifferences ?? 0,
    (reader?.lost ?? 0) + (reader?.doubled ?? 0),
    Number(!report.isDrained)
  ]
  return wrong.every((each) => each === 0) ? 0 : 1
}
