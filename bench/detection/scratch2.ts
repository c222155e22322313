import { debugTruth, generateSeries, REFERENCE, ROUGH } from './generator.ts'
import { EVENT_KINDS, SERIES_HOURS, channelM, type HourlySeries, type EventKind } from './series.ts'
import { falseAlarmRate, foundAt, scoreEvents, episodes } from './score.ts'
import { SeriesTable } from '../../core/surges/series-table.ts'
import { thresholdsOf, TUNE } from '../../core/surges/thresholds.ts'
import { RECENT_DAYS } from '../../core/surges/baseline.ts'
import { judgeHour } from '../../core/surges/judge.ts'
import { scanned } from '../../core/surges/scan.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import * as at from '../../core/surges/layout.ts'
import { hourlyDispersion } from '../../core/surges/dispersion.ts'
const n = Number(process.argv[2] ?? 200)
const seed = Number(process.argv[3] ?? 1)
const fa = Number(process.argv[5] ?? 0.01)
for (const a of (process.argv[4] ?? '').split(',')) { const [k, v] = a.split('='); if (k) TUNE[k] = Number(v) }
const thresholds = thresholdsOf({ ...DEFAULT_SURGE_SETTINGS, falseAlarms: fa }, RECENT_DAYS)
const why = new Map<string, number>()
function alarms(s: HourlySeries, useM = false, log = false): number[] {
  const table = new SeriesTable(1)
  table.add()
  const M = channelM(s)
  const c = { packets: 0, sources: 0, busiest: 0, busiestSensor: 0, second: 0, darkAddresses: 0, isGap: false }
  const out: number[] = []
  let last = -1e9
  for (let h = 0; h < SERIES_HOURS; h++) {
    c.sources = useM ? M[h]! : s.sources[h]!
    c.busiest = useM ? 0 : s.busiest[h]!
    c.busiestSensor = s.busiestSensor[h]!
    c.second = useM ? 0 : s.second[h]!
    c.isGap = s.isGap[h] === 1
    if (judgeHour(table.rows, 0, 24 * 19000 + h, c, thresholds)) {
      if (log && h - last > 24 && h >= 336) { const k = `${scanned.isFar ? 'far' : 'near'}${scanned.windowHours}`; why.set(k, (why.get(k) ?? 0) + 1); if (process.argv.includes('--v')) console.log(k, 'day', (h / 24).toFixed(0), 'base', s.baseRate.toFixed(1), 'sd', debugTruth.sd.toFixed(2), 'tau', debugTruth.tau.toFixed(0), 'drift', debugTruth.drift.toFixed(2), 'ratio', scanned.ratio.toFixed(2), 'est', table.rows[at.WANDER]!.toFixed(4), 'V', scanned.variance.toFixed(4), 'alpha', hourlyDispersion(table.rows, 0).toFixed(3)) }
      last = h
      out.push(h)
    }
  }
  return out
}
const useM = process.argv.includes('--M')
if (process.argv.includes('--nolevel')) Object.assign(ROUGH, { levelChanges: 0 })
if (process.argv.includes('--nohol')) Object.assign(ROUGH, { holidays: 0 })
if (process.argv.includes('--not')) Object.assign(ROUGH, { heavyTail: [0, 0] })
const only = process.argv.find((a) => a.startsWith('--kinds='))?.slice(8).split(',')
const t0 = Date.now()
for (const ch of [REFERENCE, ROUGH]) {
  why.clear()
  const nulls: number[][] = []
  const strat = [0, 0, 0]
  for (let i = 0; i < 4 * n; i++) { const al = alarms(generateSeries(ch, seed, i, 'none'), useM, true); nulls.push(al); strat[i % 3]! += episodes(al).filter((h) => h >= 336).length }
  console.log(ch.name, 'FA', falseAlarmRate(nulls).toFixed(4), 'by stratum', strat.join('/'), JSON.stringify(Object.fromEntries(why)), Date.now() - t0)
  const kinds = ch.name === 'rough' ? ['step3'] : (only ?? EVENT_KINDS.slice(1))
  const rows = (kinds as EventKind[]).map((kind) => {
    const all = Array.from({ length: n }, (_, i) => generateSeries(ch, seed + 100, i, kind))
    const f = all.map((s) => ({ event: s.event, hour: foundAt(s.event, alarms(s, useM)), base: s.baseRate }))
    const sp = kind === 'spike' ? f.filter((x) => x.base > 2) : f
    const { recall, medianDelayHours } = scoreEvents(kind, sp)
    const st = [0, 1, 2].map((k) => { const g = f.filter((_, i) => i % 3 === k); return scoreEvents(kind, g).recall.toFixed(2) })
    return `${kind} ${recall.toFixed(3)}/${medianDelayHours} [${st.join(' ')}]`
  })
  console.log(rows.join('\n'), Date.now() - t0)
}
