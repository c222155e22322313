import { generateSeries, REFERENCE, ROUGH } from './generator.ts'
import { calibrate } from './baselines/baseline.ts'
import { EWMA } from './baselines/ewma.ts'
import { EARS_C2 } from './baselines/ears.ts'
import { falseAlarmRate } from './score.ts'
const n = 900
const dev = Array.from({ length: n }, (_, i) => generateSeries(REFERENCE, 1, i, 'none'))
const thr = [EWMA, EARS_C2].map((b) => calibrate(b, dev, 0.0125))
for (const [name, ch] of [
  ['ref', REFERENCE],
  [
    'wander only',
    { ...ROUGH, shape: REFERENCE.shape, heavyTail: [0, 0] as const, holidays: 0, levelChanges: 0 }
  ],
  ['wander+r', { ...ROUGH, heavyTail: [0, 0] as const, holidays: 0, levelChanges: 0 }],
  ['+hol', { ...ROUGH, heavyTail: [0, 0] as const }],
  ['t.05', { ...ROUGH, heavyTail: [0, 0.05] as const }],
  ['all', ROUGH]
] as const) {
  const f = Array.from({ length: n }, (_, i) => generateSeries(ch, 2, i, 'none'))
  console.log(
    name,
    [EWMA, EARS_C2].map((b, k) => falseAlarmRate(f.map((s) => b.alarms(s, thr[k]!))).toFixed(3)).join(' ')
  )
}
