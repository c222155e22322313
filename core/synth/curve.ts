// How a level goes over the days: lines between dated points, and swings on top.

/** A level at a day, in days since 1970. */
export interface CurvePoint {
  readonly day: number
  readonly level: number
}

/** Rises and falls again and again: a share of the level up and down, once in so many days. */
export interface Swing {
  readonly everyDays: number
  readonly share: number
  readonly fromDay: number
  /** Exclusive. */
  readonly toDay: number
}

/** Points in order of day; before the first and after the last the level stays. Without any it is 1. */
export interface Curve {
  readonly points: readonly CurvePoint[]
  readonly swing: Swing | null
}

/** The level of a day. */
export function levelAt({ points, swing }: Curve, day: number): number {
  const level = lineAt(points, day)
  if (swing === null || day < swing.fromDay || day >= swing.toDay) return level
  return level * (1 + swing.share * Math.sin((2 * Math.PI * (day - swing.fromDay)) / swing.everyDays))
}

function lineAt(points: readonly CurvePoint[], day: number): number {
  const next = points.findIndex((point) => point.day > day)
  if (points.length === 0) return 1
  if (next < 0) return points.at(-1)!.level
  const [before, after] = [points[next - 1], points[next]!]
  if (before === undefined) return after.level
  const share = (day - before.day) / (after.day - before.day)
  return before.level + share * (after.level - before.level)
}
