// `npm run bench -- --only detection`: the whole evaluation, on seeds that nothing was tuned on.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../adapters/package-root.ts'
import {
  type BaselineResult,
  evaluateBaselines,
  evaluateProduct,
  type EvaluationSize,
  type ProductResult
} from './evaluation.ts'
import { judgeTweets, type RealCountsResult } from './real-counts.ts'
import { type DetectionSpeed, measureSpeed } from './speed.ts'
import { scoreShipped, type ShippedScore } from './shipped.ts'
import { scoreStories, type StoryScore } from './stories.ts'

/** What an evaluation leaves in bench/results/detection.json. */
export interface DetectionResults {
  readonly startedAt: string
  readonly size: EvaluationSize
  readonly product: readonly ProductResult[]
  readonly baselines: readonly BaselineResult[]
  /** Null where no checkout of NAB was given. */
  readonly realCounts: RealCountsResult | null
  /** NAB's own detectors on the same counts; none where the checkout has no results of them. */
  readonly shipped: readonly ShippedScore[]
  /** Where causes begin at hours of their own, and where three in ten begin in the hour of another. */
  readonly stories: { readonly apart: StoryScore; readonly sameHour: StoryScore }
  readonly speed: DetectionSpeed
}

/** Where they are, relative to the package. */
export const DETECTION_RESULTS = join('bench', 'results', 'detection.json')

const SPEED_SERIES = 1000
const TELESCOPES = 40
const SAME_HOUR_SHARE = 0.3
const ASKED = [0.01, 0.1, 1] as const

/** The results that are kept with the source; null where none are. */
export function readDetectionResults(): DetectionResults | null {
  const path = join(packageRoot(), DETECTION_RESULTS)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as DetectionResults) : null
}

/** Evaluates; `nabCheckout` is a folder with a checkout of numenta/NAB, or null. */
export function measureDetection(
  size: EvaluationSize,
  nabCheckout: string | null,
  say: (line: string) => void
): DetectionResults {
  const startedAt = new Date().toISOString()
  const speed = measureSpeed(SPEED_SERIES)
  say(`${speed.nsPerSeriesHour} ns an hour and series`)
  const realCounts = nabCheckout === null ? null : judgeTweets(nabCheckout)
  if (realCounts !== null)
    say(`NAB's tweets: ${realCounts.falseAlarms.toFixed(2)} a series-quarter outside labels`)
  const shipped = nabCheckout === null ? [] : scoreShipped(nabCheckout)
  const stories = {
    apart: scoreStories(TELESCOPES, size.seeds.events, 0),
    sameHour: scoreStories(TELESCOPES, size.seeds.events, SAME_HOUR_SHARE)
  }
  for (const { precision, recall } of Object.values(stories))
    say(`stories: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`)
  const product = evaluateProduct(size, ASKED, say)
  const baselines = evaluateBaselines(size, ASKED[0], say)
  return { startedAt, size, product, baselines, realCounts, shipped, stories, speed }
}
