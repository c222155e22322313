import { generateSeries, OTHER_SHAPES, REFERENCE, ROUGH } from './generator.ts'
import { type HourlySeries, type EventKind } from './series.ts'
import { falseAlarmRate, foundAt, scoreEvents, median } from './score.ts'
import { thresholdsOf, TUNE } from '../../core/surges/thresholds.ts'
import { RECENT_DAYS } from '../../core/surges/thresholds.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import { detectSurges, FIRST_HOUR } from './detector-run.ts'
const n = Number(process.argv[2]),
  seed = Number(process.argv[3])
const kinds = process.argv[4]!.split(',') as EventKind[]
const configs = process.argv.slice(5)
const base = { ...TUNE }
let thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS, RECENT_DAYS)
const run = (s: HourlySeries) => detectSurges(s, thresholds)
import { opened } from '../../core/surges/open-surge.ts'
const hoursOf = (all: ReturnType<typeof run>, heavy = false) =>
  all.filter((x) => (x.kind === 'heavy-hitter') === heavy).map((x) => x.detectedHour - 1 - FIRST_HOUR)
const chars = process.env['SHAPES'] ? [REFERENCE, ROUGH, OTHER_SHAPES] : [REFERENCE, ROUGH]
const nulls = process.env['NONULLS']
  ? []
  : chars.map((ch) => Array.from({ length: 4 * n }, (_, i) => generateSeries(ch, seed, i, 'none')))
const events = kinds.map((kind) =>
  Array.from({ length: n }, (_, i) => generateSeries(REFERENCE, seed + 100, i, kind))
)
for (const config of configs) {
  Object.assign(TUNE, base)
  for (const a of config.split(',')) {
    const [k, v] = a.split('=')
    if (v) TUNE[k!] = Number(v)
  }
  thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS, RECENT_DAYS)
  const fa = nulls.map((set) => {
    const k = new Map<string, number>(); const st = [0, 0, 0]
    const r = set.map((q, i) => { opened.length = 0; const x = run(q); for (const o of opened) if (o.hour - FIRST_HOUR > 336) { k.set(o.why, (k.get(o.why) ?? 0) + 1); st[i % 3]!++ } return x })
    k.set('strata', st as never)
    return falseAlarmRate(r.map((x) => hoursOf(x))).toFixed(4) + ' ' + JSON.stringify(Object.fromEntries(k)).replaceAll('"', '')
  })
  console.log(`${config.padEnd(30)}`, fa.map((x, i) => chars[i]!.name + ' ' + x).join('   '))
  for (const [k, set] of events.entries()) {
    const kind = kinds[k]!
    const res = set.map((s) => ({ s, all: run(s) }))
    const f = res.map(({ s, all }) => ({
      event: s.event,
      hour: foundAt(s.event, hoursOf(all)),
      base: s.baseRate
    }))
    const r = scoreEvents(kind, kind === 'spike' ? f.filter((x) => x.base > 2) : f)
    const hit = res.flatMap(({ s, all }, i) => {
      const h = f[i]!.hour
      if (h === null) return []
      const x = all.find((y) => y.kind !== 'heavy-hitter' && y.detectedHour === h + 1 + FIRST_HOUR)!
      return [
        {
          s,
          x,
          signed: x.onsetHour - FIRST_HOUR - s.event.onsetHour,
          err: Math.abs(x.onsetHour - FIRST_HOUR - s.event.onsetHour),
          ratio: Math.abs(x.ratio / s.event.ratio - 1)
        }
      ]
    })
    const names = new Map<string, number>()
    for (const h of hit) names.set(h.x.kind, (names.get(h.x.kind) ?? 0) + 1)
    const heavy = res.filter(({ s, all }) => foundAt(s.event, hoursOf(all, true)) !== null).length / n
    const within =
      hit.filter(
        ({ s, x }) =>
          x.onsetFromHour - FIRST_HOUR <= s.event.onsetHour && x.onsetToHour - FIRST_HOUR >= s.event.onsetHour
      ).length / Math.max(1, hit.length)
    console.log(
      `    ${kind} ${r.recall.toFixed(3)}/${r.medianDelayHours} [${[0, 1, 2]
        .map((q) =>
          scoreEvents(
            kind,
            f.filter((_, i) => i % 3 === q)
          ).recall.toFixed(2)
        )
        .join(
          ' '
        )}] onset err ${median(hit.map((h) => h.err))} (${median(hit.map((h) => h.signed))}) within ${within.toFixed(2)} ratio err ${median(hit.map((h) => h.ratio))?.toFixed(3)} closed ${hit.filter((h) => h.x.closedHour !== null).length} ${JSON.stringify(Object.fromEntries(names)).replaceAll('"', '')} heavy ${heavy.toFixed(2)}`
    )
  }
}
