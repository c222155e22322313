import { expect, test } from '@jest/globals'
import { SeededRandom } from '../../../bench/detection/random.ts'
import type { HourCounts } from '../../../core/surges/hour-counts.ts'
import { SeriesTable } from '../../../core/surges/series-table.ts'
import { judgeAll } from './made-series.ts'

/** Counts that no telescope sees: long gaps, nothing for weeks, millions at once, addresses that come and go. */
function anyCounts(seed: number): (HourCounts | null)[] {
  const random = new SeededRandom(seed, 1)
  const hours: (HourCounts | null)[] = []
  while (hours.length < 200 * 24) {
    const length = random.whole(1, 400)
    const rate = random.uniform() < 0.3 ? 0 : random.logBetween(0.01, 1e6)
    const gapShare = random.uniform() < 0.2 ? 0.9 : 0.05
    const darkAddresses = random.uniform() < 0.3 ? random.whole(0, 1e6) : 1024
    for (let i = 0; i < length; i++) {
      const sources = random.poisson(rate)
      const busiest = random.whole(0, sources)
      hours.push(
        random.uniform() < gapShare
          ? null
          : {
              packets: sources * random.whole(1, 9),
              sources,
              busiest: {
                sensor: random.whole(0, 5),
                count: busiest,
                secondCount: Math.min(busiest, sources - busiest)
              },
              darkAddresses
            }
      )
    }
  }
  return hours
}

test('whatever is counted, every state and surge is made of numbers, and surges are in order', () => {
  let surges = 0
  for (let seed = 0; seed < 25; seed++) {
    const table = new SeriesTable()
    const changes = judgeAll(anyCounts(seed), {}, table)
    surges += changes.length

    expect(table.rows.every((value) => Number.isFinite(value))).toBe(true)
    for (const { onsetHour, onsetFromHour, onsetToHour, detectedHour, closedHour, ratio, score } of changes) {
      expect([ratio, score ?? 0].every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
      expect(onsetFromHour).toBeLessThanOrEqual(onsetHour)
      expect(onsetHour).toBeLessThanOrEqual(onsetToHour)
      expect(onsetHour).toBeLessThan(detectedHour)
      expect(closedHour ?? detectedHour).toBeGreaterThanOrEqual(detectedHour)
    }
  }
  expect(surges).toBeGreaterThan(25)
})
