import { describe, expect, test } from '@jest/globals'
import {
  darkAddressCount,
  findSensor,
  isActiveAt,
  localSensorList,
  type Sensor,
  vantagesOf
} from '../../../core/telescope/sensor-list.ts'

function sensor(over: Partial<Sensor>): Sensor {
  return { ...localSensorList().sensors[0]!, id: 'tokyo-1', country: 'JP', ...over }
}

describe('without sensors.yaml', () => {
  test('there is one sensor, local, which is counted at vantage all only', () => {
    const list = localSensorList()

    expect(list.sensors.map((each) => each.id)).toEqual(['local'])
    expect(list.sensors.map(vantagesOf)).toEqual([['all']])
    expect(list.version).toBe('none')
  })
})

describe('a declared sensor', () => {
  test('is counted in its country and in all', () => {
    expect(vantagesOf(sensor({}))).toEqual(['JP', 'all'])
  })

  test('is found by its exact id, and an unknown id is an outcome', () => {
    const known = sensor({})
    const list = { sensors: [known], version: 'abc', synthetic: null }

    expect(findSensor(list, 'tokyo-1')).toEqual({ kind: 'known', sensor: known })
    expect(findSensor(list, 'Tokyo-1')).toEqual({ kind: 'unknown', id: 'Tokyo-1' })
  })

  test('is active from the start of its first second to the end, exclusive', () => {
    const bounded = sensor({ activeFromSeconds: 1000, activeUntilSeconds: 2000 })

    expect([999, 1000, 1999, 2000].map((at) => isActiveAt(bounded, at))).toEqual([false, true, true, false])
    expect(isActiveAt(sensor({ activeFromSeconds: 1000 }), 2 ** 32)).toBe(true)
    expect(isActiveAt(sensor({ activeUntilSeconds: 2000 }), 0)).toBe(true)
    expect(isActiveAt(sensor({}), 0)).toBe(true)
  })

  test('counts its dark addresses by IP version', () => {
    const dark = sensor({ darkSpace: ['203.0.113.0/25', '198.51.100.7', '2001:db8::/64'] })

    expect(darkAddressCount(dark, 4)).toBe(129)
    expect(darkAddressCount(dark, 6)).toBe(2 ** 64)
    expect(darkAddressCount(sensor({}), 4)).toBe(0)
  })
})
