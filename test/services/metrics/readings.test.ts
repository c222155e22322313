import { expect, test } from '@jest/globals'
import { AggregatorCounters } from '../../../services/aggregator/metrics.ts'
import { aggregatorReadings, spoolReadings, worldReadings } from '../../../services/metrics/readings.ts'
import { localSensorList } from '../../../core/telescope/sensor-list.ts'
import { taggingWorld } from '../../builders/raw-batches.ts'
import { openSpool, spoolFolder } from '../../adapters/spool/spool-fixture.ts'

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

test('what the store holds of its sensors and its memory is shown with the time of asking, once it was asked', () => {
  const counters = new AggregatorCounters(true)
  const shown = () =>
    aggregatorReadings(counters, 0)
      .filter(({ name }) => /watermark|store_(read|used|max)/.test(name))
      .map(({ name, value, labels }) => [name.replace('stormpetrel_', ''), value, labels?.sensor])
  expect(shown()).toEqual([])

  counters.storeReadAtMs = 5500
  counters.watermarks = new Map([['tokyo', 5]])
  expect(shown()).toEqual([
    ['store_read_timestamp_seconds', 5.5, undefined],
    ['sensor_watermark_timestamp_seconds', 5, 'tokyo']
  ])

  counters.storeMemory = { usedBytes: 7, maxBytes: 10 }
  expect(shown().slice(2)).toEqual([
    ['store_used_bytes', 7, undefined],
    ['store_max_bytes', 10, undefined]
  ])
})

test('declared sensors are shown in their days, and geo databases by their age, 0 where it is not known', () => {
  const [local] = localSensorList().sensors
  const sensors = {
    version: '1',
    synthetic: null,
    sensors: [
      local!,
      { ...local!, id: 'past', activeUntilSeconds: 1000 },
      { ...local!, id: 'future', activeFromSeconds: 1001 }
    ]
  }
  const geo = [
    { name: 'a.mmdb', built: '1970-01-02' },
    { name: 'b.csv', built: 'unknown' }
  ]
  const world = taggingWorld({ provenance: { geo, rules: '1', sensors: '1' } })

  const readings = worldReadings({ world, sensors, notes: [] }, 1000)

  expect(readings.map(({ value, labels }) => [labels?.sensor ?? labels?.database, value])).toEqual([
    ['local', 1],
    ['past', 0],
    ['future', 0],
    ['a.mmdb', 86_400],
    ['b.csv', 0]
  ])
})

test('a spool is shown with the most that it may take', async () => {
  const { folder, remove } = spoolFolder()
  const spool = await openSpool(folder, { sizeLimitBytes: 10_000_000 })

  const readings = spoolReadings('tokyo', spool, 0)

  expect(readings).toContainEqual({
    name: 'stormpetrel_spool_max_bytes',
    value: 10_000_000,
    labels: { sensor: 'tokyo' }
  })
  await spool.stop()
  remove()
})
