// One loud source: packets jump, sources do not.
import * as at from './layout.ts'

const SMALLEST_RATIO = 5
const SMALLEST_PACKETS = 20
/** Hours with sources before the first one is told: a series must have shown what is usual. */
const LEARNING_HOURS = 24
/** However many sources, packets a source vary so much from hour to hour. */
const LEAST_DEVIATION = 0.3
/** What a series is taken to vary before it has shown anything: the relative variance of one source's packets. */
const FIRST_VARIANCE = 1
const EXPECTED_SURPRISE = 2
const ALARM = 3
const QUIET_HOURS = 6
const MEMORY_HOURS = 24 * 28
const KEPT = 1 - 1 / MEMORY_HOURS
/** Two sources more than there are: a few packets of a series that has hardly any are no flood. */
const MORE_SOURCES = 2

/** What an hour means for heavy hitters. */
export type HeavyHitterStep = 'none' | 'opened' | 'closed'

/** Steps the watch of packets a source. `usual` is the sources that the hour should have. */
export function watchPackets(
  rows: Float32Array,
  row: number,
  hour: number,
  packets: number,
  sources: number,
  usual: number,
  isWarm: boolean
): HeavyHitterStep {
  const seen = rows[row + at.PACKETS_HOURS]!
  const aSource = seen === 0 ? 0 : rows[row + at.PACKETS_SUM]! / rows[row + at.PACKETS_SOURCES]!
  const most = Math.max(sources, usual)
  const surprise =
    seen === 0 ? 0 : Math.log((packets + MORE_SOURCES * aSource) / (aSource * (most + MORE_SOURCES)))
  const deviation = Math.max(
    LEAST_DEVIATION,
    Math.sqrt(rows[row + at.PACKETS_VARIANCE]! / (most + MORE_SOURCES))
  )
  learn(rows, row, packets, sources, aSource, surprise * surprise * (sources + MORE_SOURCES))
  if (seen < LEARNING_HOURS) return 'none'
  const step = Math.max(-2, Math.min(8, surprise / deviation - EXPECTED_SURPRISE))
  const evidence = Math.max(0, rows[row + at.HEAVY_EVIDENCE]! + step)
  if (rows[row + at.HEAVY_EVIDENCE] === 0 && rows[row + at.HEAVY_DETECTED] === 0)
    rows[row + at.HEAVY_ONSET] = hour
  rows[row + at.HEAVY_EVIDENCE] = Math.min(2 * ALARM, evidence)
  const ratio = packets / (aSource * Math.max(0.5, most))
  if (rows[row + at.HEAVY_DETECTED] !== 0) return follow(rows, row, hour, step, ratio)
  if (!isWarm || evidence < ALARM || ratio < SMALLEST_RATIO || packets < SMALLEST_PACKETS) return 'none'
  rows[row + at.HEAVY_DETECTED] = hour + 1
  rows[row + at.HEAVY_LAST] = hour
  rows[row + at.HEAVY_RATIO] = ratio
  return 'opened'
}

function follow(rows: Float32Array, row: number, hour: number, step: number, ratio: number): HeavyHitterStep {
  if (step > 0) {
    rows[row + at.HEAVY_LAST] = hour
    rows[row + at.HEAVY_RATIO] = Math.max(ratio, rows[row + at.HEAVY_RATIO]!)
  }
  return hour - rows[row + at.HEAVY_LAST]! < QUIET_HOURS ? 'none' : 'closed'
}

/**
 * Learns packets a source, from hours clipped at four times what is usual, and the relative variance of one source's packets,
 * from hours clipped at three deviations: the packets of more sources vary less.
 */
function learn(
  rows: Float32Array,
  row: number,
  packets: number,
  sources: number,
  aSource: number,
  square: number
): void {
  if (sources === 0) return
  const seen = rows[row + at.PACKETS_HOURS]! + 1
  rows[row + at.PACKETS_HOURS] = Math.min(MEMORY_HOURS, seen)
  const clipped = seen <= LEARNING_HOURS ? packets : Math.min(packets, 4 * aSource * (sources + MORE_SOURCES))
  rows[row + at.PACKETS_SUM] = KEPT * rows[row + at.PACKETS_SUM]! + clipped
  rows[row + at.PACKETS_SOURCES] = KEPT * rows[row + at.PACKETS_SOURCES]! + sources
  const variance = seen === 1 ? FIRST_VARIANCE : rows[row + at.PACKETS_VARIANCE]!
  const gain = 1 / (LEARNING_HOURS + Math.min(MEMORY_HOURS, seen))
  rows[row + at.PACKETS_VARIANCE] = variance + gain * (Math.min(square, 9 * variance) - variance)
}
