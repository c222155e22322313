// How complete a report's days are, by its sensors.
import { isActiveAt, type Sensor, sensorsIn } from '../telescope/sensor-list.ts'
import type { DataQuality } from './model.ts'

const MOST_OF_A_DAY_SECONDS = 82_000

/** Which sensors a report is about, and on which days. */
export interface ObservedDays {
  readonly sensors: readonly Sensor[]
  /** The country whose sensors the report is about; null for all. */
  readonly country: string | null
  /** Starts of the days of the period. */
  readonly days: readonly number[]
  /** Starts of those of which anything is there. */
  readonly observed: ReadonlySet<number>
  /** The sensors that sent anything of a day; without the days of which that is not known. */
  readonly listening: ReadonlyMap<number, ReadonlySet<string>>
}

/** How many sensors there are, and on which observed days one that was to listen sent nothing. */
export function sensorQuality(
  observed: ObservedDays
): Pick<DataQuality, 'sensors' | 'silent' | 'areSilentKnown'> {
  const ours = sensorsIn(observed.sensors, observed.country)
  const isSilent = (sensor: Sensor, start: number): boolean =>
    observed.observed.has(start) &&
    isActiveAt(sensor, start) &&
    // On its last day it may be over before the day of another zone is.
    isActiveAt(sensor, start + MOST_OF_A_DAY_SECONDS) &&
    observed.listening.get(start)?.has(sensor.id) === false
  const silent = ours.flatMap((sensor) => {
    const days = observed.days.filter((start) => isSilent(sensor, start))
    return days.length === 0 ? [] : [{ sensor: sensor.id, days }]
  })
  const areSilentKnown = observed.days.every(
    (start) => !observed.observed.has(start) || observed.listening.has(start)
  )
  return { sensors: ours.length, silent, areSilentKnown }
}
