// An hour as a judge is given it.
import { expect, test } from '@jest/globals'
import { localSensorList, type Sensor } from '../../../core/telescope/sensor-list.ts'
import { liveDarkAddressesOf, readHour } from '../../../services/detector/read-hour.ts'
import { applyTo } from '../../adapters/count-store-suite.ts'
import { countPart } from '../../builders/counts.ts'
import { HOUR, START, storeOfHours } from './put-hours.ts'

function sensor(id: string, darkSpace: string, activeFromSeconds: number | null = null): Sensor {
  return { ...localSensorList().sensors[0]!, id, darkSpace: [darkSpace], activeFromSeconds }
}

const SENSORS = [
  sensor('a', '198.18.0.0/24'),
  sensor('b', '198.18.4.0/22'),
  sensor('c', '198.18.8.0/25', START + 10 * HOUR)
]

test('an hour has packets and sources of every series', async () => {
  const store = await storeOfHours([{ all: 7, 'port=23/TCP': 5, 'region=KR': 2 }, null])
  expect(await readHour(store, SENSORS, START)).toEqual({
    startSeconds: START,
    isObserved: true,
    // Who counted it nobody knows: it is all that were active.
    darkAddresses: 256 + 1024,
    series: new Map([
      ['all', { packets: 14, sources: 7 }],
      ['port=23/TCP', { packets: 10, sources: 5 }],
      ['region=KR', { packets: 4, sources: 2 }]
    ])
  })
  const busy = await readHour(store, SENSORS, START, 10)
  expect([...busy.series.keys()]).toEqual(['all', 'port=23/TCP'])
  expect(await readHour(store, SENSORS, START + HOUR)).toMatchObject({ isObserved: false, series: new Map() })
})

test('dark addresses are those of the sensors that saw anything in the hour', async () => {
  const store = await storeOfHours(Array.from({ length: 12 }, () => null))
  await applyTo(store, 'a', { counts: [countPart(START + 60, 'a'), countPart(START + 10 * HOUR, 'a')] })
  await applyTo(store, 'c', { counts: [countPart(START + 60, 'c'), countPart(START + 10 * HOUR, 'c')] })

  // The third one was not active yet: what it sent is none of the telescope's.
  expect(await liveDarkAddressesOf(store, SENSORS, START)).toBe(256)
  expect(await liveDarkAddressesOf(store, SENSORS, START + 10 * HOUR)).toBe(256 + 128)
})
