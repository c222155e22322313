// Hourly series of a telescope, as guide and issue describe them: NB noise, hour and weekend swing, slow wander, benign
// drift, and nuisances in every series. A character says how rough they are.
import { floodFactor, plantEvent, sourceFactor } from './events.ts'
import { SeededRandom } from './random.ts'
import { type EventKind, type HourlySeries, SERIES_HOURS } from './series.ts'

const SENSORS = 8
const DAY = 24
const DARK_ADDRESSES = SENSORS * 256
/** A range that each series draws from. */
type Range = readonly [low: number, high: number]

/** Sources an hour, of the three strata. */
const STRATA: readonly Range[] = [
  [0.3, 2],
  [2, 20],
  [20, 300]
]

/** What the series of a generator are like. */
export interface Character {
  readonly name: 'reference' | 'rough' | 'shapes' | 'shifting' | 'sampled'
  /** Shape of the negative binomial: small is noisy. */
  readonly shape: Range
  /** Standard deviation of the slow wander of the log rate, and how long it remembers. */
  readonly wander: Range
  readonly wanderHours: Range
  /** Amplitude of the daily swing of the log rate. */
  readonly swing: Range
  /** The rate at weekends over that of other days. */
  readonly weekend: Range
  /** Length of an outage. */
  readonly outageHours: Range
  /** Benign drift of the log rate in 30 days, up or down. */
  readonly drift: number
  /** Scale of Student's t noise with three degrees of freedom on the log rate of each hour. */
  readonly heavyTail: Range
  /** How many there are in a quarter, on average. */
  readonly holidays: number
  readonly levelChanges: number
  /** By how much the daily swing comes later each week, in hours. */
  readonly phaseHoursAWeek: Range
  /** Days after which the noise is another one, on average; 0 where it stays. */
  readonly noiseDays: number
  /** One source in so many is counted, and stands for all of them. */
  readonly sampling: number
  /** Bursts of one to three hours in a quarter, on average; their ratios are Pareto's, with an exponent of 3. */
  readonly bursts: number
}

const NOTHING_ELSE = { phaseHoursAWeek: [0, 0], noiseDays: 0, sampling: 1, bursts: 0 } as const

/**
 * The reference: section 3 of the guide. Where that gives no figure (swing, weekends, length of outages) it is one with which
 * usual rules at their usual thresholds alarm as often as they are known to (test/bench/detection/ground.test.ts).
 */
export const REFERENCE: Character = {
  name: 'reference',
  shape: [5, 50],
  wander: [0.03, 0.12],
  wanderHours: [24, 96],
  swing: [0, 0.35],
  weekend: [0.8, 1.1],
  outageHours: [1, 12],
  drift: 0.15,
  heavyTail: [0, 0],
  holidays: 0,
  levelChanges: 0,
  ...NOTHING_ELSE
}

/** Rougher: wander twice as strong, heavier noise, deeper swings, longer outages. */
export const ROUGH: Character = {
  name: 'rough',
  shape: [2.5, 25],
  wander: [0.06, 0.24],
  wanderHours: [24, 96],
  swing: [0, 0.5],
  weekend: [0.65, 1.1],
  outageHours: [2, 24],
  drift: 0.15,
  heavyTail: [0, 0.03],
  holidays: 0,
  levelChanges: 0,
  ...NOTHING_ELSE
}

/** The reference with what it does not have: heavy tails, public holidays, and levels that change for good. */
export const OTHER_SHAPES: Character = {
  ...REFERENCE,
  name: 'shapes',
  swing: [0, 0.5],
  weekend: [0.65, 1.1],
  outageHours: [2, 24],
  heavyTail: [0, 0.03],
  holidays: 1,
  levelChanges: 0.5
}

/** Days whose busy hours move, and noise that comes and goes. Nothing was chosen by it. */
export const SHIFTING: Character = {
  ...REFERENCE,
  name: 'shifting',
  swing: [0.1, 0.5],
  phaseHoursAWeek: [-2, 2],
  noiseDays: 10
}

/** Counts that are multiples of ten, and short bursts. Nothing was chosen by it. */
export const SAMPLED: Character = { ...REFERENCE, name: 'sampled', sampling: 10, bursts: 4 }

/** One series: the same character, seed, number and kind give the same counts. */
export function generateSeries(
  character: Character,
  seed: number,
  number: number,
  kind: EventKind
): HourlySeries {
  const random = new SeededRandom(seed, number)
  const stratum = STRATA[number % STRATA.length]!
  const baseRate = random.logBetween(...stratum)
  const event = plantEvent(kind, random)
  const rates = logRates(character, random)
  let shape = random.logBetween(...character.shape)
  const weights = sensorWeights(random)
  const bursts = plantBursts(random, baseRate, 1)
  const sensorBursts = plantBursts(random, baseRate, 0.3)
  const packetsPerSource = random.between(1.5, 6)
  const series = emptySeries(baseRate, event)
  for (let hour = 0; hour < SERIES_HOURS; hour++) {
    if (character.noiseDays > 0 && random.uniform() < 1 / (DAY * character.noiseDays))
      shape = random.logBetween(...character.shape)
    const rate = baseRate * Math.exp(rates[hour]!) * sourceFactor(event, hour) * random.gamma(shape)
    const burst = sensorBursts.find((each) => hour >= each.from && hour < each.to)
    drawSensors(series, hour, rate / character.sampling, weights, burst, random)
    standForAll(series, hour, character.sampling)
    const sources = series.sources[hour]!
    const spread = random.gamma(2 * Math.max(1, sources))
    series.packets[hour] = sources + random.poisson((packetsPerSource - 1) * sources * spread)
    let flood = floodFactor(event, hour)
    for (const { from, to, factor } of bursts) if (hour >= from && hour < to) flood += factor
    if (flood > 0) series.packets[hour]! += random.poisson(flood * baseRate * packetsPerSource)
  }
  silence(character, series, random)
  return series
}

interface Burst {
  readonly from: number
  readonly to: number
  readonly factor: number
  readonly sensor: number
}

function plantBursts(random: SeededRandom, baseRate: number, aQuarter: number): Burst[] {
  return Array.from({ length: random.poisson(aQuarter) }, () => {
    const from = random.whole(0, SERIES_HOURS - 1)
    const factor = random.logBetween(10, 100)
    return {
      from,
      to: from + random.whole(1, 12),
      factor: Math.max(factor, 5 / baseRate),
      sensor: random.whole(0, SENSORS - 1)
    }
  })
}

/** The log of each hour's rate over the base rate, before noise and events. */
function logRates(character: Character, random: SeededRandom): Float64Array {
  const swing = random.between(...character.swing)
  const phase = random.between(0, DAY)
  const second = random.between(0, 0.1)
  const weekend = Math.log(random.between(...character.weekend))
  const drift = random.between(-character.drift, character.drift) / (30 * DAY)
  const sd = random.between(...character.wander)
  const tau = random.between(...character.wanderHours)
  const keep = Math.exp(-1 / tau)
  const tail = random.between(...character.heavyTail)
  const levels = slowChanges(character, random)
  const [from, to] = character.phaseHoursAWeek
  const later = from === to ? from : random.between(from, to)
  let wander = sd * random.normal()
  return Float64Array.from({ length: SERIES_HOURS }, (_, hour) => {
    wander = keep * wander + sd * Math.sqrt(1 - keep * keep) * random.normal()
    const angle = (2 * Math.PI * (hour - phase - (later * hour) / (7 * DAY))) / DAY
    const swings = swing * Math.cos(angle) + second * Math.cos(2 * angle + phase)
    const isWeekend = Math.floor(hour / DAY) % 7 >= 5
    const noise = tail === 0 ? 0 : (tail * random.normal()) / Math.sqrt(random.gamma(1.5))
    return swings + (isWeekend ? weekend : 0) + drift * hour + wander + noise + levels[hour]!
  })
}

/** Holidays (a dip of one to three days), lasting changes of level, up or down by at most a quarter, and bursts. */
function slowChanges(character: Character, random: SeededRandom): Float64Array {
  const levels = new Float64Array(SERIES_HOURS)
  for (let left = random.poisson(character.holidays); left > 0; left--) {
    const day = random.whole(0, 88)
    levels.fill(Math.log(random.between(0.5, 0.8)), day * DAY, (day + random.whole(1, 3)) * DAY)
  }
  for (let left = random.poisson(character.levelChanges); left > 0; left--) {
    const from = random.whole(0, SERIES_HOURS - 1)
    const change = Math.log(random.between(0.75, 1.25))
    for (let hour = from; hour < SERIES_HOURS; hour++) levels[hour]! += change
  }
  for (let left = character.bursts === 0 ? 0 : random.poisson(character.bursts); left > 0; left--) {
    const from = random.whole(0, SERIES_HOURS - 1)
    const ratio = (1 - random.uniform()) ** (-1 / 3)
    const to = Math.min(SERIES_HOURS, from + random.whole(1, 3))
    for (let hour = from; hour < to; hour++) levels[hour]! += Math.log(ratio)
  }
  return levels
}

function sensorWeights(random: SeededRandom): number[] {
  const weights = Array.from({ length: SENSORS }, () => random.gamma(4))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

function drawSensors(
  series: HourlySeries,
  hour: number,
  rate: number,
  weights: readonly number[],
  burst: Burst | undefined,
  random: SeededRandom
): void {
  let total = 0
  let busiest = 0
  let second = 0
  let busiestSensor = 0
  for (let sensor = 0; sensor < SENSORS; sensor++) {
    const factor = burst?.sensor === sensor ? 1 + burst.factor : 1
    const count = random.poisson(rate * weights[sensor]! * factor)
    total += count
    if (count > busiest) {
      second = busiest
      busiest = count
      busiestSensor = sensor
    } else if (count > second) second = count
  }
  series.sources[hour] = total
  series.busiest[hour] = busiest
  series.second[hour] = second
  series.busiestSensor[hour] = busiestSensor
}

/** What was counted stands for so many times as much. */
function standForAll(series: HourlySeries, hour: number, times: number): void {
  if (times === 1) return
  for (const column of [series.sources, series.busiest, series.second]) column[hour]! *= times
}

/** Hours that say zero though packets came (0.3 a quarter), and hours that are missing (0.5 a quarter). */
function silence({ outageHours }: Character, series: HourlySeries, random: SeededRandom): void {
  const { packets, sources, busiest, second, isGap } = series
  for (const [aQuarter, isMissing] of [
    [0.3, 0],
    [0.5, 1]
  ] as const) {
    for (let left = random.poisson(aQuarter); left > 0; left--) {
      const from = random.whole(0, SERIES_HOURS - 1)
      const to = from + random.whole(...outageHours)
      for (const column of [packets, sources, busiest, second]) column.fill(0, from, to)
      isGap.fill(isMissing, from, to)
    }
  }
}

function emptySeries(baseRate: number, event: HourlySeries['event']): HourlySeries {
  return {
    packets: new Float64Array(SERIES_HOURS),
    sources: new Float64Array(SERIES_HOURS),
    busiest: new Float64Array(SERIES_HOURS),
    second: new Float64Array(SERIES_HOURS),
    busiestSensor: new Uint8Array(SERIES_HOURS),
    darkAddresses: new Float64Array(SERIES_HOURS).fill(DARK_ADDRESSES),
    isGap: new Uint8Array(SERIES_HOURS),
    baseRate,
    event
  }
}
