// How sure a surge is grows with what comes after its detection: what was found at the first hint may be a page a day later.
import { finding } from './finding.ts'
import * as at from './layout.ts'
import { scan } from './scan.ts'
import type { Thresholds } from './thresholds.ts'

/** The near rate is of days that ended two days ago: until then it holds nothing of the surge. */
const LOOKED_AT_HOURS = 48

/** A scan notes what it has seen; of a surge nothing is to be learnt. */
const scratch = new Float32Array(at.ROW_LENGTH)

/** Scores the open surge by the hours up to this one; the surest score is kept. */
export function scoreAgain(rows: Float32Array, row: number, hour: number, thresholds: Thresholds): void {
  if (hour + 1 - rows[row + at.OPEN_DETECTED]! > LOOKED_AT_HOURS) return
  scratch.set(rows.subarray(row, row + at.ROW_LENGTH))
  scan(scratch, 0, hour, thresholds)
  const score = thresholds.falseAlarms * Math.exp(-finding.margin)
  if (score < rows[row + at.OPEN_SCORE]!) rows[row + at.OPEN_SCORE] = score
}
