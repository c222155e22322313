// Which sensor captures belong to.
import { StormpetrelError } from '../core/errors.ts'
import { findSensor, LOCAL_SENSOR_ID, type SensorList } from '../core/telescope/sensor-list.ts'

/**
 * The id that was asked for, or else the only sensor that is declared, or `local`. Throws SP_SENSOR_UNKNOWN for an id
 * that is not declared.
 */
export function onlySensor(list: SensorList, asked: string | undefined): string {
  const { sensors } = list
  const id = asked ?? (sensors.length === 1 ? sensors[0]!.id : LOCAL_SENSOR_ID)
  if (findSensor(list, id).kind === 'known') return id
  const declared = sensors.map((sensor) => sensor.id).join(', ')
  throw new StormpetrelError(
    'SP_SENSOR_UNKNOWN',
    `sensor ${id} is not declared (declared: ${declared}); name one of these with --sensor`
  )
}
