// Whose captures are: those in a folder that is named as a sensor are that sensor's, and sensors.yaml may lie beside such folders.
import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { CaptureFile } from '../adapters/capture-files.ts'
import { chooseSensor } from '../core/telescope/choose-sensor.ts'
import type { SensorList } from '../core/telescope/sensor-list.ts'

/** Captures of one sensor. */
export interface SensorFiles {
  readonly sensor: string
  readonly files: readonly CaptureFile[]
}

/** The sensors file that is configured, or else sensors.yaml beside the folder of the first capture; null where there is none. */
export async function sensorsFileOf(
  configured: string | null,
  files: readonly CaptureFile[]
): Promise<string | null> {
  const [first] = files
  if (configured !== null || first === undefined) return configured
  const beside = join(dirname(dirname(first.path)), 'sensors.yaml')
  const found = await stat(beside).catch(() => null)
  return found?.isFile() === true ? beside : null
}

/** A capture, and whose it is. */
export interface SensorFile {
  readonly sensor: string
  readonly file: CaptureFile
}

/** Whether some of the files lie in a folder that is named as a declared sensor. */
export function hasSensorFolders(list: SensorList, files: readonly CaptureFile[]): boolean {
  const declared = new Set(list.sensors.map(({ id }) => id))
  return files.some(({ path }) => declared.has(folderOf(path)))
}

/** The files of all sensors by the time of their first packets; what cannot be read comes first, so that it is said early. */
export async function inOrderOfTime(
  sensors: readonly SensorFiles[]
): Promise<(SensorFile & { readonly firstSeconds: number })[]> {
  const { firstPacketSeconds } = await import('../adapters/capture-files.ts')
  const timed = []
  for (const { sensor, files } of sensors) {
    for (const file of files)
      timed.push({ sensor, file, firstSeconds: (await firstPacketSeconds(file.path)) ?? 0 })
  }
  return timed.sort((a, b) => a.firstSeconds - b.firstSeconds || (a.file.name < b.file.name ? -1 : 1))
}

/**
 * The files by sensor: all of them the one that was asked for, or else each that of its folder, or the only one that is
 * declared. Throws SP_SENSOR_UNKNOWN.
 */
export function filesBySensor(
  list: SensorList,
  asked: string | undefined,
  files: readonly CaptureFile[]
): SensorFiles[] {
  const declared = new Set(list.sensors.map(({ id }) => id))
  const bySensor = new Map<string, CaptureFile[]>()
  for (const file of files) {
    const folder = folderOf(file.path)
    const sensor = asked === undefined && declared.has(folder) ? folder : chooseSensor(list, asked).id
    const others = bySensor.get(sensor)
    if (others === undefined) bySensor.set(sensor, [file])
    else others.push(file)
  }
  if (files.length === 0) chooseSensor(list, asked)
  return [...bySensor].map(([sensor, own]) => ({ sensor, files: own }))
}

function folderOf(file: string): string {
  return basename(dirname(file))
}

/** The scenario, where a capture's name says that it is of one: 'synthetic-SCENARIO-SENSOR-DATE.pcap', in the sensor's folder. */
export function syntheticOf(files: readonly CaptureFile[]): string | null {
  for (const { name, path } of files) {
    const found = /^synthetic-(.+)-\d{4}-\d{2}-\d{2}\.pcap/.exec(basename(name))?.[1]
    if (found === undefined) continue
    const sensor = `-${folderOf(path)}`
    return found.endsWith(sensor) ? found.slice(0, -sensor.length) : found
  }
  return null
}
