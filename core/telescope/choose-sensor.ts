// Which declared sensor captures or an interface belong to.
import { StormpetrelError } from '../errors.ts'
import { findSensor, LOCAL_SENSOR_ID, type Sensor, type SensorList } from './sensor-list.ts'

/**
 * The sensor that was asked for, or else the only one that is declared, or `local`. Throws SP_SENSOR_UNKNOWN for an id
 * that is not declared.
 */
export function chooseSensor(list: SensorList, asked: string | undefined): Sensor {
  const { sensors } = list
  const id = asked ?? (sensors.length === 1 ? sensors[0]!.id : LOCAL_SENSOR_ID)
  const found = findSensor(list, id)
  if (found.kind === 'known') return found.sensor
  const declared = sensors.map((sensor) => sensor.id).join(', ')
  throw new StormpetrelError(
    'SP_SENSOR_UNKNOWN',
    `sensor ${id} is not declared (declared: ${declared}); declare it in sensors.yaml (STORMPETREL_SENSORS_FILE), or name one of these with --sensor`
  )
}
