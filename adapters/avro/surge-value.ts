// A change of a surge in the words of schemas/surges.avsc, and back.
import { SURGE_KINDS } from '../../core/surges/surge.ts'
import { SURGE_STATES, type SurgeChange, type SurgeDriver } from '../../core/surges/surge-change.ts'
import { UnusableValueError } from './batch-head.ts'

interface AvroSurge {
  readonly id: string
  readonly surge: string
  readonly number: number
  readonly story: string
  readonly series: string
  readonly kind: string
  readonly state: string
  readonly severity: string
  readonly onset_seconds: number
  readonly onset_from_seconds: number
  readonly onset_to_seconds: number
  readonly detected_seconds: number
  readonly hour_end_seconds: number
  readonly closed_seconds: number | null
  readonly ratio: number
  readonly score: number | null
  readonly drivers: readonly SurgeDriver[]
}

/** A change in the schema's words. */
export function surgeToAvro(change: SurgeChange): AvroSurge {
  return {
    id: change.id,
    surge: change.surge,
    number: change.number,
    story: change.story,
    series: change.series,
    kind: change.kind,
    state: change.state,
    severity: change.severity,
    onset_seconds: change.onsetSeconds,
    onset_from_seconds: change.onsetFromSeconds,
    onset_to_seconds: change.onsetToSeconds,
    detected_seconds: change.detectedSeconds,
    hour_end_seconds: change.hourEndSeconds,
    closed_seconds: change.closedSeconds,
    ratio: change.ratio,
    score: change.score,
    drivers: change.drivers
  }
}

/** A change in core's words. Throws UnusableValueError where its kind or state is none that this version knows. */
export function surgeFromAvro(value: unknown): SurgeChange {
  const change = value as AvroSurge
  return {
    id: change.id,
    surge: change.surge,
    number: change.number,
    story: change.story,
    series: change.series,
    kind: oneOf(SURGE_KINDS, change.kind),
    state: oneOf(SURGE_STATES, change.state),
    severity: change.severity === 'page' ? 'page' : 'notice',
    onsetSeconds: change.onset_seconds,
    onsetFromSeconds: change.onset_from_seconds,
    onsetToSeconds: change.onset_to_seconds,
    detectedSeconds: change.detected_seconds,
    hourEndSeconds: change.hour_end_seconds,
    closedSeconds: change.closed_seconds,
    ratio: change.ratio,
    score: change.score,
    drivers: change.drivers.map(({ dimension, key, share }) => ({ dimension, key, share }))
  }
}

function oneOf<T extends string>(known: readonly T[], text: string): T {
  const found = known.find((each) => each === text)
  if (found === undefined) throw new UnusableValueError('not-avro', `${text} is not known`)
  return found
}
