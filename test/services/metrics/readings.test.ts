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

test('the ledger of each sensor is shown by what became of its frames', () => {
  const counters = new AggregatorCounters(true)
  counters.ledger = [
    {
      sensor: 'tokyo',
      capturedFrames: 100,
      countedPackets: 60,
      rejectedFrames: { 'not-ip': 5, clock: 5 },
      droppedFrames: 8,
      lostFrames: 2,
      gapFrames: 15,
      kernelDroppedPackets: 9
    }
  ]

  const readings = aggregatorReadings(counters, 0).filter(({ name }) => name === 'stormpetrel_ledger_frames')

  expect(readings.map(({ value, labels }) => [labels?.sensor, labels?.state, value])).toEqual([
    ['tokyo', 'captured', 100],
    ['tokyo', 'counted', 60],
    ['tokyo', 'rejected', 10],
    ['tokyo', 'dropped', 8],
    ['tokyo', 'lost', 2],
    ['tokyo', 'gap', 15],
    ['tokyo', 'unexplained', 5]
  ])
})
