// A store judged from its first hour to its last.
import { expect, test } from '@jest/globals'
import { DEFAULT_SURGE_SETTINGS } from '../../../core/surges/settings.ts'
import { thresholdsOf } from '../../../core/surges/thresholds.ts'
import { judgeStore } from '../../../services/detector/judge-store.ts'
import { poisson } from '../../builders/poisson.ts'
import { HOUR, START, storeOfHours } from './put-hours.ts'

const DAY = 24
const ONSET = 20 * DAY
/** As long as hours are kept. */
const HOURS = 35 * DAY

test('each surge is told by its newest change: when it began, and that it is over; a gap begins and ends none', async () => {
  const store = await storeOfHours(
    Array.from({ length: HOURS }, (_, hour) => {
      if (hour >= 17 * DAY && hour < 18 * DAY) return null
      const ratio = hour >= ONSET && hour < ONSET + 3 * DAY ? 4 : 1
      return { all: poisson(40 * ratio, hour), 'port=22/TCP': poisson(30, hour + 7919) }
    })
  )
  const { told: surges } = await judgeStore(store, [], thresholdsOf(DEFAULT_SURGE_SETTINGS))

  expect(surges).toMatchObject([{ series: 'all', kind: 'step', state: 'closed' }])
  const [{ onsetSeconds, closedSeconds, ratio }] = surges as [(typeof surges)[0]]
  expect(Math.abs(onsetSeconds - (START + ONSET * HOUR))).toBeLessThanOrEqual(HOUR)
  expect(Math.abs(closedSeconds! - (START + (ONSET + 3 * DAY) * HOUR))).toBeLessThanOrEqual(3 * HOUR)
  expect(Math.abs(ratio - 4)).toBeLessThan(0.4)
})

const systems = (most: number) => Array.from({ length: most }, (_, asn) => [`asn=${asn + 1}`, 2])

test('of more series than can be kept it says that it left some out', async () => {
  const protocols = ['TCP', 'UDP']
  const ports = protocols.flatMap((protocol) =>
    Array.from({ length: 65_536 }, (_, port) => [`port=${port}/${protocol}`, 2])
  )
  const leftOutOf = async (most: number): Promise<boolean> => {
    const store = await storeOfHours([
      Object.fromEntries([...ports, ...systems(most)]) as Record<string, number>
    ])
    return (await judgeStore(store, [], thresholdsOf(DEFAULT_SURGE_SETTINGS))).hasLeftOut
  }
  expect([await leftOutOf(150_000 - 131_072), await leftOutOf(150_001 - 131_072)]).toEqual([false, true])
})
