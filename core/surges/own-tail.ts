// The tail of single hours, as the series itself shows it: peaks over a level (Pickands 1975).
import { finding } from './finding.ts'
import * as at from './layout.ts'

/** The level: about one hour in 140 is over it by chance. */
const LEVEL = 3
const LEVEL_CHANCE = 0.007
/** Peaks' worth of belief in a tail that falls as the evidence says. */
const BELIEF_PEAKS = 40
const MEMORY_HOURS = 60 * 24
const KEPT = 1 - 1 / MEMORY_HOURS
/** No peak teaches more: one surge does not make a series deaf. */
const LARGEST_EXCESS = 10

/**
 * Evidence of a window of few hours, as the series' own peaks correct it: excesses over the level are exponential with a
 * mean that is known from them only so well (a gamma prior: the tail is Pareto's), and as many as there were.
 */
export function ownTail(rows: Float32Array, row: number, evidence: number): number {
  if (evidence <= LEVEL) return evidence
  const peaks = BELIEF_PEAKS + rows[row + at.EXCESS_COUNT]!
  const excesses = BELIEF_PEAKS + rows[row + at.EXCESS_SUM]!
  const hours = Math.min(MEMORY_HOURS, rows[row + at.HOURS_SEEN]!)
  const frequency = peaks / (BELIEF_PEAKS + LEVEL_CHANCE * hours)
  return LEVEL + peaks * Math.log1p((evidence - LEVEL) / excesses) - Math.log(frequency)
}

/** Learns from the hour that was scanned. */
export function learnOwnTail(rows: Float32Array, row: number): void {
  rows[row + at.EXCESS_COUNT]! *= KEPT
  rows[row + at.EXCESS_SUM]! *= KEPT
  if (finding.hourEvidence <= LEVEL) return
  rows[row + at.EXCESS_COUNT]! += 1
  rows[row + at.EXCESS_SUM]! += Math.min(LARGEST_EXCESS, finding.hourEvidence - LEVEL)
}
