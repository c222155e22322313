// The evaluation: the product's detector and the baselines on the same series. Baselines' thresholds are set on seeds of
// their own; the product has none to set.
import type { Surge } from '../../core/surges/surge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import { type Thresholds, thresholdsOf } from '../../core/surges/thresholds.ts'
import { BASELINES } from './baselines/all.ts'
import { type Baseline, calibrate } from './baselines/baseline.ts'
import { detectSurges, FIRST_HOUR } from './detector-run.ts'
import {
  type Character,
  generateSeries,
  OTHER_SHAPES,
  REFERENCE,
  ROUGH,
  SAMPLED,
  SHIFTING
} from './generator.ts'
import { type EventScore, falseAlarmRate, foundAt, median, scoreEvents } from './score.ts'
import { EVENT_KINDS, type EventKind, type HourlySeries } from './series.ts'

/** How much is judged, and from which seeds. */
export interface EvaluationSize {
  readonly nulls: number
  readonly eventsAKind: number
  /** Seeds: of the baselines' thresholds, of null series, and of series with events. */
  readonly seeds: { readonly thresholds: number; readonly nulls: number; readonly events: number }
}

/** The product on one kind of event. */
export interface ProductEventScore extends EventScore {
  /** Absolute, median among those found. */
  readonly onsetErrorHours: number | null
  readonly ratioError: number | null
  /** Found ones by the kind that they were given. */
  readonly kinds: Readonly<Record<string, number>>
  /** Share in which a heavy hitter was told in the event's window. */
  readonly heavyHitterShare: number
}

/** The product on the series of one generator. */
export interface ProductResult {
  readonly generator: Character['name']
  readonly asked: number
  readonly falseAlarms: number
  readonly events: readonly ProductEventScore[]
}

/** A baseline: thresholds set on the reference, and what they give on the rough one. */
export interface BaselineResult {
  readonly name: string
  readonly channel: 'M' | 'P'
  readonly threshold: number
  readonly falseAlarms: number
  readonly roughFalseAlarms: number
  readonly events: readonly EventScore[]
}

const EVENTS = EVENT_KINDS.filter((kind) => kind !== 'none')
const SPIKE_LEAST_RATE = 2

/** Null series of a generator. */
export function nullsOf(character: Character, seed: number, count: number): HourlySeries[] {
  return Array.from({ length: count }, (_, i) => generateSeries(character, seed, i, 'none'))
}

function eventsOf(
  character: Character,
  { seeds, eventsAKind }: EvaluationSize,
  kind: EventKind
): HourlySeries[] {
  return Array.from({ length: eventsAKind }, (_, i) => generateSeries(character, seeds.events, i, kind))
}

/** The product at some rates of false alarms: all events at the first, false alarms only at the others. */
export function evaluateProduct(
  size: EvaluationSize,
  asked: readonly number[],
  say: (line: string) => void
): ProductResult[] {
  const results: ProductResult[] = []
  for (const character of [REFERENCE, ROUGH, OTHER_SHAPES, SHIFTING, SAMPLED]) {
    for (const [i, falseAlarms] of asked.entries()) {
      const thresholds = thresholdsOf({ ...DEFAULT_SURGE_SETTINGS, falseAlarms })
      const alarms = nullsOf(character, size.seeds.nulls, size.nulls).map((series) =>
        alarmHours(detectSurges(series, thresholds))
      )
      const events = i > 0 ? [] : EVENTS.map((kind) => scoreProduct(character, size, kind, thresholds))
      results.push({
        generator: character.name,
        asked: falseAlarms,
        falseAlarms: falseAlarmRate(alarms),
        events
      })
      say(
        `${character.name} at ${falseAlarms}: ${falseAlarmRate(alarms).toFixed(4)} false alarms a series-quarter`
      )
      for (const {
        kind,
        recall,
        medianDelayHours,
        onsetErrorHours,
        ratioError,
        heavyHitterShare,
        kinds
      } of events) {
        const cells = [
          recall.toFixed(3),
          medianDelayHours,
          onsetErrorHours,
          ratioError?.toFixed(3),
          heavyHitterShare
        ]
        say(
          `  ${kind.padEnd(10)}${cells.map((cell) => String(cell ?? '-').padStart(9)).join('')}  ${JSON.stringify(kinds)}`
        )
      }
    }
  }
  return results
}

function isSurge({ kind }: Surge): boolean {
  return kind !== 'heavy-hitter'
}

/** The hours whose judgement opened a surge. */
function alarmHours(surges: readonly Surge[]): number[] {
  return surges.filter(isSurge).map(({ detectedHour }) => detectedHour - 1 - FIRST_HOUR)
}

function scoreProduct(
  character: Character,
  size: EvaluationSize,
  kind: EventKind,
  thresholds: Thresholds
): ProductEventScore {
  const judged = eventsOf(character, size, kind)
    .filter((series) => isScored(kind, series))
    .map(({ event, ...series }) => {
      const surges = detectSurges({ event, ...series }, thresholds)
      const hour = foundAt(event, alarmHours(surges))
      const surge =
        surges.find((each) => isSurge(each) && each.detectedHour - 1 - FIRST_HOUR === hour) ?? null
      const heavyHours = surges
        .filter((each) => !isSurge(each))
        .map((each) => each.detectedHour - 1 - FIRST_HOUR)
      return { event, hour, surge, isHeavy: foundAt(event, heavyHours) !== null }
    })
  const found = judged.flatMap(({ event, surge }) => (surge === null ? [] : [{ event, surge }]))
  const kinds: Record<string, number> = {}
  for (const { surge } of found) kinds[surge.kind] = (kinds[surge.kind] ?? 0) + 1
  return {
    ...scoreEvents(kind, judged),
    onsetErrorHours: median(
      found.map(({ event, surge }) => Math.abs(surge.onsetHour - FIRST_HOUR - event.onsetHour))
    ),
    ratioError: median(found.map(({ event, surge }) => Math.abs(surge.ratio / event.ratio - 1))),
    kinds,
    heavyHitterShare: judged.filter(({ isHeavy }) => isHeavy).length / judged.length
  }
}

/** Spikes of series with hardly any sources are no goal. */
function isScored(kind: EventKind, { baseRate }: HourlySeries): boolean {
  return kind !== 'spike' || baseRate > SPIKE_LEAST_RATE
}

/** The baselines at one rate of false alarms. */
export function evaluateBaselines(
  size: EvaluationSize,
  falseAlarms: number,
  say: (line: string) => void,
  baselines: readonly Baseline[] = BASELINES
): BaselineResult[] {
  const dev = nullsOf(REFERENCE, size.seeds.thresholds, size.nulls)
  const fresh = nullsOf(REFERENCE, size.seeds.nulls, size.nulls)
  const rough = nullsOf(ROUGH, size.seeds.nulls, size.nulls)
  const events = EVENTS.map((kind) => ({
    kind,
    series: eventsOf(REFERENCE, size, kind).filter((series) => isScored(kind, series))
  }))
  return baselines.map((baseline) => {
    const threshold = calibrate(baseline, dev, falseAlarms)
    const alarms = (series: HourlySeries) => baseline.alarms(series, threshold)
    const result = {
      name: baseline.name,
      channel: baseline.channel,
      threshold,
      falseAlarms: falseAlarmRate(fresh.map(alarms)),
      roughFalseAlarms: falseAlarmRate(rough.map(alarms)),
      events: events.map(({ kind, series }) =>
        scoreEvents(
          kind,
          series.map((each) => ({ event: each.event, hour: foundAt(each.event, alarms(each)) }))
        )
      )
    }
    const cells = result.events.map(
      ({ kind, recall, medianDelayHours }) => `${kind} ${recall.toFixed(2)}/${medianDelayHours}`
    )
    say(
      `${result.name}: ${result.falseAlarms.toFixed(3)}, rough ${result.roughFalseAlarms.toFixed(3)}; ${cells.join(', ')}`
    )
    return result
  })
}
