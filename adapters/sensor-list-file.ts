// sensors.yaml, read with the line of whatever is wrong in it.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { StormpetrelError } from '../core/errors.ts'
import { checkSensors } from '../core/telescope/check-sensors.ts'
import { localSensorList, type SensorList } from '../core/telescope/sensor-list.ts'
import { parseCheckedYaml } from './checked-yaml.ts'

/**
 * The sensors of a file, or those that hold without one where `file` is null. Throws SP_FILE_UNREADABLE, or
 * SP_SENSORS_FILE with the file, the line, the reason and what to do.
 */
export async function readSensorList(file: string | null): Promise<SensorList> {
  if (file === null) return localSensorList()
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    const message = `${file}: ${(error as Error).message}; check the path and who may read it`
    throw new StormpetrelError('SP_FILE_UNREADABLE', message, { cause: error })
  }
  return parseSensorList(file, bytes)
}

/** The sensors in the bytes of a file; `file` is its name in errors. Throws SP_SENSORS_FILE. */
export function parseSensorList(file: string, bytes: Uint8Array): SensorList {
  const { sensors, synthetic } = parseCheckedYaml(file, bytes, checkSensors, 'SP_SENSORS_FILE')
  return { sensors, synthetic, version: createHash('sha256').update(bytes).digest('hex') }
}
