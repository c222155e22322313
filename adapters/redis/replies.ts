// Reads what scripts and hashes answer.
import type { SeenHow, SensorTotals, SlotOutcome, SlotRequest } from '../../core/store/count-store.ts'
import type { WindowSize } from '../../core/windows/window.ts'
import { splitAtBar } from './slot-keys.ts'

/** What apply-slot.lua answered to this request. */
export function outcomeOf(answer: readonly (string | number)[], request: SlotRequest): SlotOutcome {
  const [kind, ...rest] = answer
  switch (kind) {
    case 'applied': {
      const expiredPackets: Partial<Record<WindowSize, number>> = {}
      for (let i = 0; i < rest.length; i += 2) expiredPackets[rest[i] as WindowSize] = Number(rest[i + 1])
      return { kind: 'applied', expiredPackets }
    }
    case 'seen': {
      const seen: { index: number; how: SeenHow }[] = []
      for (let i = 0; i < rest.length; i += 2) {
        seen.push({ index: Number(rest[i]), how: rest[i + 1] as SeenHow })
      }
      return { kind: 'seen', seen }
    }
    default:
      return {
        kind: 'behind',
        partition: request.spans[Number(rest[0])]!.partition,
        storedOffset: Number(rest[1])
      }
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** The fields of a sensor's totals by what its entry is called in the hash. */
const TOTAL_FIELDS: Readonly<Record<string, Exclude<keyof SensorTotals, 'sensor' | 'rejectedFrames'>>> = {
  captured: 'capturedFrames',
  counted: 'countedPackets',
  dropped: 'droppedFrames',
  lost: 'lostFrames',
  gap: 'gapFrames',
  kernel: 'kernelDroppedPackets'
}

/** The sensor of a field of a slot's totals; null where the field is none of a sensor's. */
export function sensorOfTotal(field: string): string | null {
  return field.includes('|') ? splitAtBar(field)[0] : null
}

/** Sensors in one slot's hash of totals. */
export function totalsOf(hash: Readonly<Record<string, string>>): SensorTotals[] {
  const sensors = new Map<string, Writable<SensorTotals>>()
  for (const [field, value] of Object.entries(hash)) {
    const sensor = sensorOfTotal(field)
    if (sensor === null) continue
    const [, entry] = splitAtBar(field)
    const totals = sensors.get(sensor) ?? noTotals(sensor)
    sensors.set(sensor, totals)
    const name = TOTAL_FIELDS[entry]
    if (name !== undefined) totals[name] = Number(value)
    else totals.rejectedFrames = { ...totals.rejectedFrames, [splitAtBar(entry)[1]]: Number(value) }
  }
  return [...sensors.values()]
}

function noTotals(sensor: string): Writable<SensorTotals> {
  return {
    sensor,
    capturedFrames: 0,
    countedPackets: 0,
    rejectedFrames: {},
    droppedFrames: 0,
    lostFrames: 0,
    gapFrames: 0,
    kernelDroppedPackets: 0
  }
}
