// `node dist/bench/detection/ground-main.js`: recall of EWMA and EARS C2 on the reference, and the false
// alarms of usual rules at their usual thresholds, as JSON, for the test that holds
// them against what others measured. A process of its own: under jest it takes six times as long.
import { EARS_C2 } from './baselines/ears.ts'
import { calibrate } from './baselines/baseline.ts'
import { EWMA } from './baselines/ewma.ts'
import { nullsOf } from './evaluation.ts'
import { generateSeries, REFERENCE } from './generator.ts'
import { Z_SCORE } from './baselines/z-score.ts'
import { falseAlarmRate, foundAt, scoreEvents } from './score.ts'
import { EVENT_KINDS } from './series.ts'

/** A threshold that one false alarm in a hundred series sets is uncertain itself: two are averaged. */
const THRESHOLD_SEEDS = [1, 21]
const EVENT_SEED = 3
const NULLS = 1800
const EVENTS_A_KIND = 300
/** What the others' thresholds gave on fresh series, where 0.01 was wanted. */
const REAL_FALSE_ALARMS = 0.0115

const devSets = THRESHOLD_SEEDS.map((seed) => nullsOf(REFERENCE, seed, NULLS))
const recalls = [EWMA, EARS_C2].map((baseline) => {
  const thresholds = devSets.map((nulls) => calibrate(baseline, nulls, REAL_FALSE_ALARMS))
  const events = EVENT_KINDS.filter((kind) => kind !== 'none').map((kind) => {
    const series = Array.from({ length: EVENTS_A_KIND }, (_, i) =>
      generateSeries(REFERENCE, EVENT_SEED, i, kind)
    )
    const scores = thresholds.map((threshold) => {
      const found = series.map((each) => ({
        event: each.event,
        hour: foundAt(each.event, baseline.alarms(each, threshold))
      }))
      return scoreEvents(kind, found).recall
    })
    return [kind, scores.reduce((sum, recall) => sum + recall, 0) / scores.length]
  })
  return [baseline.name, Object.fromEntries(events)]
})
const usual = [Z_SCORE, EWMA, EARS_C2].map((baseline) => [
  baseline.name,
  falseAlarmRate(devSets[0]!.map((series) => baseline.alarms(series, baseline.usualThreshold)))
])
process.stdout.write(
  `${JSON.stringify({ recalls: Object.fromEntries(recalls), falseAlarms: Object.fromEntries(usual) })}\n`
)
