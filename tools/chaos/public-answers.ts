// The product's own answers at the end of a run, as an analyst asks for them: `counts` against the truth.
import type { ChaosDeployment } from './deployment.ts'
import { DifferenceTable } from './comparison.ts'
import type { Truth } from './truth.ts'

interface Row {
  readonly window_start: string
  readonly vantage: string
  readonly port: string
  readonly tag: string | null
  readonly packets: number
}

/** What `stormpetrel ledger` says is wrong, in words; it exits 1 where it does not add up. */
export async function askLedger(deployment: ChaosDeployment): Promise<string[]> {
  try {
    await deployment.call('ledger')
    return []
  } catch (error) {
    return [`stormpetrel ledger: ${(error as Error).message}`]
  }
}

/** Asks for hours by port, tag and vantage; answers how many rows were compared and how many were not right. */
export async function comparePublicAnswers(
  deployment: ChaosDeployment,
  truth: Truth
): Promise<{ readonly rows: number; readonly differences: number }> {
  const question = ['--by', 'port,tag,vantage', '--window', 'hour', '--format', 'ndjson']
  const found = new Map<string, number>()
  for (const line of (await deployment.call('counts', ...question)).split('\n')) {
    if (line === '') continue
    const { window_start: start, vantage, port, tag, packets } = JSON.parse(line) as Row
    found.set(`${Date.parse(start) / 1000}|${vantage}|port=${port},tag=${tag ?? ''}`, packets)
  }
  const table = new DifferenceTable()
  for await (const { size, start, vantage, packets } of truth.windows()) {
    if (size !== 'hour') continue
    for (const [series, wanted] of Object.entries(packets)) {
      if (!series.includes(',tag=')) continue
      const key = `${start}|${vantage}|${series}`
      table.add('hour', key, series, wanted, found.get(key) ?? 0)
      found.delete(key)
    }
  }
  for (const [key, packets] of found) table.add('hour', key, key, 0, packets)
  return { rows: table.cells, differences: table.differences }
}
