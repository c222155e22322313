// One loud source: packets jump, sources do not.
import * as at from './layout.ts'

const SMALLEST_RATIO = 5
const SMALLEST_PACKETS = 20
const LEAST_DEVIATION = 0.3
const EXPECTED_SURPRISE = 2
const ALARM = 4
const QUIET_HOURS = 6
const MEMORY_HOURS = 24 * 28

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
  const aSource = rows[row + at.PACKETS_A_SOURCE]!
  const deviation = Math.max(LEAST_DEVIATION, Math.sqrt(rows[row + at.PACKETS_VARIANCE]!))
  // Two sources more than there are: a few packets of a series that has hardly any are no flood.
  const expected = aSource * (Math.max(sources, usual) + 2)
  const surprise = aSource === 0 ? 0 : Math.log((packets + 2 * aSource) / expected)
  learn(rows, row, packets, sources, surprise)
  const step = Math.max(-2, Math.min(8, surprise / deviation - EXPECTED_SURPRISE))
  const evidence = Math.max(0, rows[row + at.HEAVY_EVIDENCE]! + step)
  if (rows[row + at.HEAVY_EVIDENCE] === 0 && rows[row + at.HEAVY_DETECTED] === 0)
    rows[row + at.HEAVY_ONSET] = hour
  rows[row + at.HEAVY_EVIDENCE] = Math.min(2 * ALARM, evidence)
  const ratio = packets / (aSource * Math.max(0.5, usual))
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

/** Learns packets a source, and how much their log varies, from hours clipped at three deviations. */
function learn(rows: Float32Array, row: number, packets: number, sources: number, surprise: number): void {
  if (sources === 0) return
  const seen = rows[row + at.HOURS_SEEN]!
  const before = rows[row + at.PACKETS_A_SOURCE]!
  const clipped = before === 0 || seen < 24 ? packets : Math.min(packets, 4 * before * (sources + 2))
  const gain = 1 / Math.min(MEMORY_HOURS, seen)
  const share = before === 0 ? 1 : Math.min(1, (sources / Math.max(1, rows[row + at.NEAR_RATE]!)) * gain)
  rows[row + at.PACKETS_A_SOURCE]! += share * (clipped / sources - before)
  const variance = rows[row + at.PACKETS_VARIANCE]!
  const square = Math.min(surprise * surprise, 9 * Math.max(0.1, variance))
  rows[row + at.PACKETS_VARIANCE]! += gain * (square - variance)
}
