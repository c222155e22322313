import { expect, test } from '@jest/globals'
import { AggregatorCounters } from '../../../services/aggregator/metrics.ts'
import { aggregatorReadings } from '../../../services/metrics/readings.ts'

test('late sources are shown by window size once the store was asked', () => {
  const counters = new AggregatorCounters(true)
  const late = () =>
    aggregatorReadings(counters, 0)
      .filter(({ name }) => name === 'stormpetrel_late_sources')
      .map(({ value, labels }) => [labels?.window, value])

  expect(late()).toEqual([])
  counters.lateSources = { minute: 0, hour: 7, day: 2 }
  expect(late()).toEqual([
    ['minute', 0],
    ['hour', 7],
    ['day', 2]
  ])
})
