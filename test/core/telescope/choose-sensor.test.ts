import { expect, test } from '@jest/globals'
import { chooseSensor } from '../../../core/telescope/choose-sensor.ts'
import { localSensorList, type SensorList } from '../../../core/telescope/sensor-list.ts'

function listOf(...ids: readonly string[]): SensorList {
  const local = localSensorList().sensors[0]!
  return { sensors: ids.map((id) => ({ ...local, id })), version: 'a', synthetic: null }
}

test('captures belong to the sensor that was asked for', () => {
  expect(chooseSensor(listOf('tokyo-1', 'osaka-1'), 'osaka-1').id).toBe('osaka-1')
})

test('captures belong to the only sensor that is declared where none was asked for, or else to local', () => {
  expect(chooseSensor(listOf('tokyo-1'), undefined).id).toBe('tokyo-1')
  expect(chooseSensor(localSensorList(), undefined).id).toBe('local')
  expect(chooseSensor(listOf('tokyo-1', 'local'), undefined).id).toBe('local')
})

test.each(['local', undefined])('a sensor that is not declared is refused: asked for %s', (asked) => {
  expect(() => chooseSensor(listOf('tokyo-1', 'osaka-1'), asked)).toThrow(
    expect.objectContaining({
      code: 'SP_SENSOR_UNKNOWN',
      message: expect.stringMatching(/^sensor local is not declared \(declared: tokyo-1, osaka-1\); /)
    })
  )
})
