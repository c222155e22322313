import { debugTruth, generateSeries, ROUGH } from './generator.ts'
import { SERIES_HOURS } from './series.ts'
import { SeriesTable } from '../../core/surges/series-table.ts'
import { thresholdsOf, TUNE } from '../../core/surges/thresholds.ts'
import { RECENT_DAYS } from '../../core/surges/baseline.ts'
import { judgeHour } from '../../core/surges/judge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import * as at from '../../core/surges/layout.ts'
for (const a of (process.argv[2] ?? '').split(',')) { const [k, v] = a.split('='); if (k) TUNE[k] = Number(v) }
const thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS, RECENT_DAYS)
const bins = new Map<string, number[]>()
for (let i = 2; i < 1200; i += 3) {
  const s = generateSeries({ ...ROUGH, levelChanges: 0, holidays: 0, heavyTail: [0, 0] }, 5, i, 'none')
  const truth = { ...debugTruth }
  const table = new SeriesTable(1); table.add()
  let est30 = 0
  for (let h = 0; h < SERIES_HOURS; h++) {
    judgeHour(table.rows, 0, 24 * 19000 + h, { packets: 0, sources: s.sources[h]!, busiest: 0, second: 0, busiestSensor: 0, darkAddresses: 0, isGap: s.isGap[h] === 1 }, thresholds)
    if (h === 21 * 24) est30 = table.rows[at.WANDER]!
  }
  const k = `sd ${truth.sd < 0.15 ? 'lo' : 'hi'} tau ${truth.tau < 60 ? 'lo' : 'hi'}`
  const b = bins.get(k) ?? [0, 0, 0, 0]
  b[0]!++; b[1]! += table.rows[at.WANDER]! / truth.sd ** 2; b[2]! += est30 / truth.sd ** 2; b[3]! += Math.min(1, Math.max(0, table.rows[at.WANDER_FREEDOM]!)) ; bins.set(k, b)
}
for (const [k, b] of bins) console.log(k, b[0], 'end', (b[1]! / b[0]!).toFixed(2), 'day21', (b[2]! / b[0]!).toFixed(2))
