import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { generateSeries, REFERENCE } from '../../../bench/detection/generator.ts'
import { episodes, falseAlarmRate, foundAt } from '../../../bench/detection/score.ts'

// Recall at 0.01 false alarms a series-quarter as others measured it on series of the same description.
const MEASURED = {
  EWMA: { step2: 0.23, step3: 0.64, step5: 0.93, ramp2x14: 0.01, ramp2x30: 0.01, ramp5x30: 0.02, flood: 0 },
  'EARS C2': {
    step2: 0.39,
    step3: 0.78,
    step5: 0.99,
    ramp2x14: 0.06,
    ramp2x30: 0.03,
    ramp5x30: 0.1,
    flood: 0.01
  }
} as const

// False alarms a series-quarter at the rules' usual thresholds, as others measured them.
const MEASURED_FALSE_ALARMS = { 'mean + 3 sigma (PromQL, 7 d)': 16.3, EWMA: 13.5, 'EARS C2': 2 } as const

const GROUND_POINTS = 0.05
const FALSE_ALARM_SHARE = 0.1
test('on the reference series EWMA and EARS C2 reach what they are known to reach', () => {
  const main = join(__dirname, '..', '..', '..', 'dist', 'bench', 'detection', 'ground-main.js')
  const { stdout, stderr } = spawnSync(process.execPath, [main], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const { recalls, falseAlarms } = JSON.parse(stdout) as {
    recalls: Record<string, Record<string, number>>
    falseAlarms: Record<string, number>
  }

  for (const [name, known] of Object.entries(MEASURED_FALSE_ALARMS)) {
    expect([name, Math.abs(falseAlarms[name]! / known - 1) < FALSE_ALARM_SHARE]).toEqual([name, true])
  }
  for (const [name, known] of Object.entries(MEASURED)) {
    for (const [kind, recall] of Object.entries(known)) {
      const here = recalls[name]![kind]!
      expect([name, kind, here, Math.abs(here - recall) <= GROUND_POINTS]).toEqual([name, kind, here, true])
    }
  }
})

test('the same seed gives the same series, another one others', () => {
  const series = generateSeries(REFERENCE, 5, 17, 'step3')

  expect(generateSeries(REFERENCE, 5, 17, 'step3')).toEqual(series)
  expect(generateSeries(REFERENCE, 6, 17, 'step3').sources).not.toEqual(series.sources)
})

test('alarms within a day are one episode, and an event is found by one that begins in its window', () => {
  expect(episodes([10, 30, 54, 79, 200])).toEqual([10, 79, 200])
  const step = { kind: 'step3', onsetHour: 600, endHour: 936, ratio: 3 } as const
  expect(foundAt(step, [590, 605])).toBeNull()
  expect(foundAt(step, [560, 605])).toBe(605)
  expect(foundAt(step, [937])).toBeNull()
})

test('false alarms count from day 14 on, a series and quarter', () => {
  expect(falseAlarmRate([[100], [400], [], []])).toBeCloseTo(0.25 * (91 / 77), 6)
})
