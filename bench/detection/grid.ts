
import { generateSeries, REFERENCE, ROUGH } from './generator.ts'
import { SERIES_HOURS, type HourlySeries, type EventKind } from './series.ts'
import { falseAlarmRate, foundAt, scoreEvents } from './score.ts'
import { SeriesTable } from '../../core/surges/series-table.ts'
import { thresholdsOf, TUNE } from '../../core/surges/thresholds.ts'
import { RECENT_DAYS } from '../../core/surges/baseline.ts'
import { judgeHour } from '../../core/surges/judge.ts'
import { scanned } from '../../core/surges/scan.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
const n = Number(process.argv[2]), seed = Number(process.argv[3])
const kinds = process.argv[4]!.split(',') as EventKind[]
const configs = process.argv.slice(5)
const base = { ...TUNE }
let thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS, RECENT_DAYS)
function alarms(s: HourlySeries): number[] {
  const table = new SeriesTable(1); table.add()
  const c = { packets: 0, sources: 0, busiest: 0, second: 0, busiestSensor: 0, darkAddresses: 0, isGap: false }
  const out: number[] = []; let last = -99
  for (let h = 0; h < SERIES_HOURS; h++) {
    c.sources = s.sources[h]!; c.busiest = s.busiest[h]!; c.second = s.second[h]!; c.busiestSensor = s.busiestSensor[h]!; c.isGap = s.isGap[h] === 1
    if (judgeHour(table.rows, 0, 24 * 19000 + h, c, thresholds)) { if (h - last > 24 && h >= 336) { const k = (scanned.isFar ? 'F' : 'N') + scanned.windowHours; why.set(k, (why.get(k) ?? 0) + 1) } last = h; out.push(h) }
  }
  return out
}
const why = new Map<string, number>()
const nulls = [REFERENCE, ROUGH].map((ch) => Array.from({ length: 4 * n }, (_, i) => generateSeries(ch, seed, i, 'none')))
const events = kinds.map((kind) => Array.from({ length: n }, (_, i) => generateSeries(REFERENCE, seed + 100, i, kind)))
for (const config of configs) {
  Object.assign(TUNE, base)
  for (const a of config.split(',')) { const [k, v] = a.split('='); if (v) TUNE[k!] = Number(v) }
  thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS, RECENT_DAYS)
  const fa = nulls.map((set) => { why.clear(); const al = set.map(alarms); return falseAlarmRate(al).toFixed(4) + ' ' + JSON.stringify(Object.fromEntries(why)).replaceAll('"', '') })
  const rows = events.map((set, k) => { const f = set.map((s) => ({ event: s.event, hour: foundAt(s.event, alarms(s)), base: s.baseRate })); const r = scoreEvents(kinds[k]!, kinds[k] === 'spike' ? f.filter((x) => x.base > 2) : f); return `${kinds[k]} ${r.recall.toFixed(3)}/${r.medianDelayHours}` })
  console.log(`${config.padEnd(30)} ref ${fa[0]}  rough ${fa[1]}\n    ${rows.join('  ')}`)
}
