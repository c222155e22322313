// Every (window, key) of the store against the truth, in both directions.
import type { RedisStore } from '../../adapters/redis-store.ts'
import type { Ledger } from '../../core/store/count-store.ts'
import { unexplainedFrames } from '../../core/store/ledger.ts'
import { DAY_ZONES } from './deployment.ts'
import type { TrueWindow, TruthTotals } from './truth.ts'

/** A cell that is not what it must be. */
export interface Difference {
  readonly window: string
  readonly series: string
  readonly wanted: number
  readonly found: number
}

/** What the comparison found. */
export interface Comparison {
  readonly cells: number
  /**
   * Packets missing, and packets too many, in the table where most are: each packet is once in each table, or once a
   * tag.
   */
  readonly lost: number
  readonly doubled: number
  readonly differences: number
  /** The first of them. */
  readonly examples: readonly Difference[]
  /** The largest error of an estimate of unique sources, in standard errors, and of which series. */
  readonly worstEstimate: { readonly sigmas: number; readonly what: string }
}

const EXAMPLES = 20
const STANDARD_ERROR = 0.0081
/** Below this many sources one source more or less is no matter of standard errors. */
const LEAST_SOURCES = 200

/** Collects differences by table: a window size of a vantage, by one dimension. */
export class DifferenceTable {
  cells = 0
  differences = 0
  readonly examples: Difference[] = []
  readonly #lost = new Map<string, number>()
  readonly #doubled = new Map<string, number>()

  add(table: string, window: string, series: string, wanted: number, found: number): void {
    this.cells += 1
    if (wanted === found) return
    this.differences += 1
    if (this.examples.length < EXAMPLES) this.examples.push({ window, series, wanted, found })
    const sums = found < wanted ? this.#lost : this.#doubled
    sums.set(table, (sums.get(table) ?? 0) + Math.abs(found - wanted))
  }

  get lost(): number {
    return Math.max(0, ...this.#lost.values())
  }

  get doubled(): number {
    return Math.max(0, ...this.#doubled.values())
  }
}

/** Compares a store with the windows of the truth. */
export async function compareWithTruth(
  store: RedisStore,
  windows: AsyncIterable<TrueWindow>
): Promise<Comparison> {
  const table = new DifferenceTable()
  const left = await storedWindows(store)
  let worst = { sigmas: 0, what: '' }
  for await (const truth of windows) {
    const { size, zone, start, vantage } = truth
    const window = { size, zone, startSeconds: start, vantage }
    const name = `${size}|${zone}|${start}|${vantage}`
    left.delete(name)
    const stored = await store.packets(window)
    compareWindow(table, `${size}|${zone}|${vantage}`, name, truth.packets, stored)
    if (truth.sources === null) continue
    const series = Object.keys(truth.sources)
    const estimates = await store.sources(window, series)
    for (const one of series) {
      const exact = truth.sources[one]!
      if (exact < LEAST_SOURCES) continue
      const sigmas = Math.abs((estimates.get(one) ?? 0) - exact) / (exact * STANDARD_ERROR)
      if (sigmas > worst.sigmas) worst = { sigmas, what: `${name} ${one}` }
    }
  }
  for (const [name, window] of left) {
    compareWindow(
      table,
      `${window.size}|${window.zone}|${window.vantage}`,
      name,
      {},
      await store.packets(window)
    )
  }
  const { cells, lost, doubled, differences, examples } = table
  return { cells, lost, doubled, differences, examples, worstEstimate: worst }
}

/** Windows that a store holds, by name. */
export async function storedWindows(store: RedisStore) {
  const windows = new Map<
    string,
    { size: 'minute' | 'hour' | 'day'; zone: string; startSeconds: number; vantage: string }
  >()
  for (const vantage of await store.vantages()) {
    for (const size of ['minute', 'hour', 'day'] as const) {
      for (const zone of size === 'day' ? DAY_ZONES : ['UTC']) {
        for (const startSeconds of await store.windows(size, zone, vantage)) {
          windows.set(`${size}|${zone}|${startSeconds}|${vantage}`, { size, zone, startSeconds, vantage })
        }
      }
    }
  }
  return windows
}

/** The truth knows no regions and AS numbers: of those the sums must be right. */
function compareWindow(
  table: DifferenceTable,
  tableName: string,
  window: string,
  truth: Readonly<Record<string, number>>,
  stored: ReadonlyMap<string, number>
): void {
  const sums = new Map<string, number>()
  for (const [series, packets] of stored) {
    const placed = placeOf(series)
    if (placed !== null) sums.set(placed.sum, (sums.get(placed.sum) ?? 0) + packets)
    else if (!(series in truth)) table.add(`${tableName}|${dimensionOf(series)}`, window, series, 0, packets)
  }
  for (const [series, wanted] of Object.entries(truth)) {
    table.add(`${tableName}|${dimensionOf(series)}`, window, series, wanted, stored.get(series) ?? 0)
    const places =
      series === 'all' ? ['region', 'asn'] : series.startsWith('tag=') ? [`region,${series}`] : []
    for (const sum of places)
      table.add(`${tableName}|${sum}`, window, `sum of ${sum}`, wanted, sums.get(sum) ?? 0)
  }
}

function placeOf(series: string): { readonly sum: string } | null {
  if (series.startsWith('asn=')) return { sum: 'asn' }
  if (!series.startsWith('region=')) return null
  const comma = series.indexOf(',')
  return { sum: comma < 0 ? 'region' : `region${series.slice(comma)}` }
}

/** One table a tag: a packet is in none of them twice. */
function dimensionOf(series: string): string {
  const tag = /tag=[^,]*$/.exec(series)?.[0] ?? ''
  return `${series.slice(0, series.indexOf('='))}|${tag}`
}

/** What of the ledger is not as the truth says, in words. */
export function ledgerFaults({ sensors, gaps, lostRecords }: Ledger, truth: TruthTotals): string[] {
  const faults: string[] = []
  for (const [sensor, frames] of Object.entries(truth.captured)) {
    const found = sensors.find((each) => each.sensor === sensor)
    if (found === undefined) {
      faults.push(`${sensor} is not in the ledger`)
      continue
    }
    const rejected = truth.rejected[sensor] ?? {}
    const refused = Object.values(rejected).reduce((sum, each) => sum + each, 0)
    const expected = {
      captured: frames,
      counted: frames - refused,
      unexplained: 0,
      dropped: 0,
      lost: 0,
      gap: 0,
      rejected: sorted(rejected)
    }
    const is = {
      captured: found.capturedFrames,
      counted: found.countedPackets,
      unexplained: unexplainedFrames(found),
      dropped: found.droppedFrames,
      lost: found.lostFrames,
      gap: found.gapFrames,
      rejected: sorted(found.rejectedFrames)
    }
    if (JSON.stringify(is) !== JSON.stringify(expected))
      faults.push(`${sensor}: ${JSON.stringify(is)}, not ${JSON.stringify(expected)}`)
  }
  for (const gap of gaps) faults.push(`gap ${JSON.stringify(gap)}`)
  for (const lost of lostRecords) faults.push(`lost records ${JSON.stringify(lost)}`)
  return faults
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))
}
