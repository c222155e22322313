// The events that are planted, and how they change a rate.
import type { SeededRandom } from './random.ts'
import { type EventKind, type PlantedEvent, SERIES_HOURS } from './series.ts'

const DAY = 24
/** No event begins before: a detector has learnt by then. */
const FIRST_ONSET_HOUR = 21 * DAY
const STEP_WATCH_HOURS = 14 * DAY

/** An event of a kind at a random place that leaves room for its detection. */
export function plantEvent(kind: EventKind, random: SeededRandom): PlantedEvent {
  const { hours, ratio } = shapeOf(kind, random)
  const roomHours = hours + 7 * DAY
  const onsetHour = random.whole(FIRST_ONSET_HOUR, SERIES_HOURS - 1 - roomHours)
  return { kind, onsetHour, endHour: onsetHour + hours, ratio }
}

function shapeOf(kind: EventKind, random: SeededRandom): { readonly hours: number; readonly ratio: number } {
  switch (kind) {
    case 'none':
      return { hours: 0, ratio: 1 }
    case 'step2':
    case 'step3':
    case 'step5':
      return { hours: STEP_WATCH_HOURS, ratio: Number(kind.slice(4)) }
    case 'ramp2x14':
      return { hours: 14 * DAY, ratio: 2 }
    case 'ramp2x30':
      return { hours: 30 * DAY, ratio: 2 }
    case 'ramp5x30':
      return { hours: 30 * DAY, ratio: 5 }
    case 'spike':
      return { hours: random.whole(1, 6), ratio: random.between(4, 10) }
    case 'flood':
      return { hours: random.whole(1, 6), ratio: random.logBetween(10, 100) }
    default:
      return kind satisfies never
  }
}

/** By what an hour's rate of sources is multiplied. */
export function sourceFactor({ kind, onsetHour, endHour, ratio }: PlantedEvent, hour: number): number {
  if (hour < onsetHour || kind === 'none' || kind === 'flood') return 1
  switch (kind) {
    case 'step2':
    case 'step3':
    case 'step5':
      return ratio
    case 'ramp2x14':
    case 'ramp2x30':
    case 'ramp5x30':
      return 1 + (ratio - 1) * Math.min(1, (hour + 0.5 - onsetHour) / (endHour - onsetHour))
    case 'spike':
      return hour < endHour ? ratio : 1
    default:
      return kind satisfies never
  }
}

/** By what an hour's packets are multiplied where one source floods. */
export function floodFactor({ kind, onsetHour, endHour, ratio }: PlantedEvent, hour: number): number {
  return kind === 'flood' && hour >= onsetHour && hour < endHour ? ratio : 0
}
