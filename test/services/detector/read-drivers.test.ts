// What a surge is made of, by the hours of a store.
import { expect, test } from '@jest/globals'
import { readDrivers } from '../../../services/detector/read-drivers.ts'
import { HOUR, START, storeOfHours } from './put-hours.ts'

const USUAL = {
  all: 30,
  'port=23/TCP': 10,
  'port=22/TCP': 20,
  'region=KR': 10,
  'region=JP': 20,
  'asn=4766': 10,
  'asn=9318': 20,
  'tag=mirai': 8,
  'port=23/TCP,tag=mirai': 8,
  'region=KR,tag=mirai': 4,
  'region=JP,tag=mirai': 4
}
const RISEN = {
  ...USUAL,
  all: 110,
  'port=23/TCP': 90,
  'region=KR': 50,
  'region=JP': 60,
  'asn=4766': 90,
  'tag=mirai': 88,
  'port=23/TCP,tag=mirai': 88,
  'region=KR,tag=mirai': 80,
  'region=JP,tag=mirai': 8
}
const ONSET = START + 24 * HOUR
const HOURS = [...Array.from({ length: 24 }, () => USUAL), RISEN, RISEN]

test('the rise of all packets and of a tag is shared out over ports, regions and networks', async () => {
  const store = await storeOfHours(HOURS)
  const [all, mirai, port] = ['all', 'tag=mirai', 'port=23/TCP'].map((series) => ({
    series,
    onsetSeconds: ONSET
  }))
  let hours = 0
  const drivers = await readDrivers(store, [all!, mirai!, port!], ONSET + 2 * HOUR, async () => {
    hours += 1
  })

  expect(drivers.get(all!)).toEqual([
    { dimension: 'port', key: '23/TCP', share: 1 },
    { dimension: 'region', key: 'JP', share: 0.5 },
    { dimension: 'region', key: 'KR', share: 0.5 },
    { dimension: 'asn', key: '4766', share: 1 }
  ])
  expect(drivers.get(mirai!)).toEqual([
    { dimension: 'port', key: '23/TCP', share: 1 },
    { dimension: 'region', key: 'KR', share: 0.95 },
    { dimension: 'region', key: 'JP', share: 0.05 }
  ])
  expect(drivers.has(port!)).toBe(false)
  // Each hour was read once for all of them.
  expect(hours).toBe(26)
})

test('hours without counts are no hours without sources', async () => {
  const gaps = HOURS.map((each, hour) => (hour % 3 === 1 ? null : each))
  const all = { series: 'all', onsetSeconds: ONSET }
  const whole = await readDrivers(await storeOfHours(HOURS), [all], ONSET + 2 * HOUR)
  const broken = await readDrivers(await storeOfHours(gaps), [all], ONSET + 2 * HOUR)
  expect(broken.get(all)).toEqual(whole.get(all))
})

test('of two surges with onsets of their own each has its own day before', async () => {
  const later = Array.from({ length: 24 }, () => RISEN)
  const store = await storeOfHours([...HOURS, ...later, { ...RISEN, 'port=22/TCP': 80, all: 170 }])
  const [first, second] = [ONSET, ONSET + 26 * HOUR].map((onsetSeconds) => ({ series: 'all', onsetSeconds }))
  const drivers = await readDrivers(store, [first!, second!], ONSET + 27 * HOUR)
  expect(drivers.get(second!)![0]).toEqual({ dimension: 'port', key: '22/TCP', share: 1 })
  expect(drivers.get(first!)![0]).toMatchObject({ dimension: 'port', key: '23/TCP' })
})
