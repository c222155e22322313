// A batch's name is what exactly-once stands on: it is given once, and counted once.

/** The name of one batch: number is 1, 2, 3 ... within (sensor, epoch, lane). */
export interface BatchName {
  readonly sensor: string
  /** One life of a sensor's numbering, hex: 128 random bits of a live start, or the SHA-256 of a file in a run. */
  readonly epoch: string
  readonly lane: number
  readonly number: number
}

/** The largest batch number that is taken (2^31). */
export const MAX_BATCH_NUMBER = 2 ** 31

/** The largest lane: parseName takes at most five digits. */
export const MAX_LANE = 99_999

/** True for 1..2^31: what the fence can keep. */
export function isBatchNumber(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= MAX_BATCH_NUMBER
}

/** One line that names a lane: the key of its ranges in the fence. */
export function laneKey(name: BatchName): string {
  return `${name.sensor}|${name.epoch}|${name.lane}`
}

/** One line that names a batch, for the record's header and for people. */
export function formatName(name: BatchName): string {
  return `${laneKey(name)}|${name.number}`
}

/** The inverse of formatName, or null where the text is no name. Sensor ids hold no `|` (sensors.yaml refuses it). */
export function parseName(text: string): BatchName | null {
  const match = /^([^|]{1,64})\|([0-9a-f]{1,64})\|(\d{1,5})\|(\d{1,15})$/.exec(text)
  if (match === null) return null
  return { sensor: match[1]!, epoch: match[2]!, lane: Number(match[3]), number: Number(match[4]) }
}
