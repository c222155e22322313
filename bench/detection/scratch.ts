import { generateSeries, REFERENCE } from './generator.ts'
import { EVENT_KINDS } from './series.ts'
import { calibrate } from './baselines/baseline.ts'
import { EWMA } from './baselines/ewma.ts'
import { EARS_C2 } from './baselines/ears.ts'
import { falseAlarmRate, foundAt, scoreEvents } from './score.ts'
const n = Number(process.argv[2] ?? 200)
const t0 = Date.now()
const dev = Array.from({ length: 3 * n }, (_, i) => generateSeries(REFERENCE, 1, i, 'none'))
const fresh = Array.from({ length: 3 * n }, (_, i) => generateSeries(REFERENCE, 2, i, 'none'))
console.log('gen', Date.now() - t0)
for (const b of [EWMA, EARS_C2]) {
  const thr = calibrate(b, dev, 0.01)
  const fa = falseAlarmRate(fresh.map((s) => b.alarms(s, thr)))
  const rows = EVENT_KINDS.slice(1).map((kind) => {
    const all = Array.from({ length: n }, (_, i) => generateSeries(REFERENCE, 3, i, kind))
    const { recall, medianDelayHours } = scoreEvents(
      kind,
      all.map((s) => ({ event: s.event, hour: foundAt(s.event, b.alarms(s, thr)) }))
    )
    return `${kind} ${recall.toFixed(2)}/${medianDelayHours}`
  })
  console.log(b.name, thr.toFixed(2), fa.toFixed(3), rows.join('  '), Date.now() - t0)
}
