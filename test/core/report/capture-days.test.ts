// Days and hours of a report from packets: whose they are, when they are over, and which came too late.
import { expect, test } from '@jest/globals'
import { CaptureDays, type CaptureDaysOptions } from '../../../core/report/capture-days.ts'
import type { ReportDay } from '../../../core/report/day-counts.ts'
import type { Sensor } from '../../../core/telescope/sensor-list.ts'
import { enrichedBatch } from '../../builders/batches.ts'

const DAY = 86_400
const START = Date.parse('2022-05-10T00:00:00Z') / 1000

function sensor(id: string, country: string, over: Partial<Sensor> = {}): Sensor {
  return {
    id,
    name: id,
    partner: '',
    country,
    darkSpace: ['203.0.113.0/24'],
    publicAddresses: [],
    activeFromSeconds: null,
    activeUntilSeconds: null,
    ...over
  }
}

const SENSORS = [sensor('tokyo', 'JP'), sensor('seoul', 'KR')]

function collect(over: Partial<CaptureDaysOptions> = {}) {
  const days: ReportDay[] = []
  const hours: number[] = []
  const counted = new CaptureDays({
    zone: 'UTC',
    sensors: SENSORS,
    country: 'JP',
    fromSeconds: START,
    toSeconds: START + 10 * DAY,
    onDay: (day) => days.push(day),
    onHour: ({ startSeconds }) => hours.push(startSeconds),
    ...over
  })
  const packets = (id: string, ...seconds: readonly number[]): void =>
    counted.add(
      enrichedBatch(
        seconds.map((each, i) => ({ seconds: each, src: i + 1, dstPort: 23, region: 'KR' })),
        { name: { sensor: id, epoch: 'a', lane: 0, number: 1 } }
      )
    )
  return { counted, packets, days, hours }
}

test('a day is of the vantage only where its sensors saw any of it; the others are beside it', () => {
  const { counted, packets, days } = collect()
  packets('seoul', START + 5, START + DAY + 5, START + DAY + 6)
  packets('tokyo', START + DAY + 7)
  counted.wholeUpTo(Number.POSITIVE_INFINITY)

  expect(days.map(({ startSeconds, vantage }) => [startSeconds, vantage.all.packets])).toEqual([
    [START + DAY, 1]
  ])
  expect(days[0]!.everywhere.ports).toEqual(new Map([['23/TCP', 3]]))
  expect(days[0]!.darkAddresses).toBe(256)
})

test('what comes for a day that is open is counted, and what comes for one that is over is told', () => {
  const { counted, packets, days, hours } = collect()
  packets('tokyo', START + DAY + 7200)
  counted.wholeUpTo(START + DAY + 7200)
  packets('tokyo', START + DAY + 10, START + 10, START + DAY + 7300)
  counted.wholeUpTo(Number.POSITIVE_INFINITY)

  expect(counted.latePackets).toBe(1)
  expect(days.map(({ vantage }) => vantage.all.packets)).toEqual([3])
  expect(hours).toEqual([START + DAY + 7200])
})

test('a sensor listens on the day of another zone in which it begins', () => {
  const begins = { activeFromSeconds: START }
  const { counted, packets, days } = collect({
    zone: 'Asia/Tokyo',
    sensors: [sensor('tokyo', 'JP', begins)],
    fromSeconds: START - DAY
  })
  packets('tokyo', START + 60)
  counted.wholeUpTo(Number.POSITIVE_INFINITY)

  // The tenth of May began nine hours earlier in Japan.
  expect(days.map(({ startSeconds, darkAddresses }) => [startSeconds, darkAddresses])).toEqual([
    [START - 9 * 3600, 256]
  ])
})
