// Reads what scripts and hashes answer.
import type { SensorTotals, SlotOutcome, SlotRequest } from '../../core/store/count-store.ts'
import type { WindowSize } from '../../core/windows/window.ts'

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
      const seen: { index: number; sameDigest: boolean }[] = []
      for (let i = 0; i < rest.length; i += 2) {
        seen.push({ index: Number(rest[i]), sameDigest: rest[i + 1] === 1 })
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

/** Sensors in one slot's hash of totals. */
export function totalsOf(hash: Readonly<Record<string, string>>): SensorTotals[] {
  const sensors = new Map<string, { countedPackets: number; rejectedFrames: Record<string, number> }>()
  for (const [field, value] of Object.entries(hash)) {
    if (!field.includes('|')) continue
    const [sensor, total] = splitAtBar(field)
    const totals = sensors.get(sensor) ?? { countedPackets: 0, rejectedFrames: {} }
    sensors.set(sensor, totals)
    if (total === 'counted') totals.countedPackets = Number(value)
    else totals.rejectedFrames[splitAtBar(total)[1]] = Number(value)
  }
  return [...sensors].map(([sensor, totals]) => ({ sensor, ...totals }))
}

/** Before and after the first `|`; sensor ids hold none. */
export function splitAtBar(field: string): [string, string] {
  const bar = field.indexOf('|')
  return [field.slice(0, bar), field.slice(bar + 1)]
}
