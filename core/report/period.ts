// The days that a report is of, and those before that it is held against.
import { StormpetrelError } from '../errors.ts'
import { dayEndSeconds, utcOffsetSeconds, windowStartSeconds } from '../windows/time-zone.ts'

/** Whole days of a time zone. */
export interface Period {
  /** '2022Q2', or '2022-04-01 to 2022-06-30'. */
  readonly label: string
  readonly fromSeconds: number
  /** Exclusive. */
  readonly toSeconds: number
  /** The start of each of its days. */
  readonly days: readonly number[]
}

/** A quarter such as '2022Q2', in days of a zone. Throws SP_USAGE, naming the option. */
export function quarterPeriod(text: string, zone: string, option: string): Period {
  const match = /^(\d{4})Q([1-4])$/.exec(text)
  if (match === null) throw new StormpetrelError('SP_USAGE', `${option} '${text}': write it such as 2022Q2`)
  const [year, quarter] = [Number(match[1]), Number(match[2])]
  return makePeriod(
    text,
    startOfMonth(zone, year, 3 * quarter - 3),
    startOfMonth(zone, year, 3 * quarter),
    zone
  )
}

/** The quarter before a quarter. */
export function quarterBefore(text: string): string {
  const [year, quarter] = [Number(text.slice(0, 4)), Number(text[5])]
  return quarter === 1 ? `${year - 1}Q4` : `${year}Q${quarter - 1}`
}

/** From the day that holds one instant up to the day that holds another, which is not in it. Throws SP_USAGE. */
export function spanPeriod(fromSeconds: number, toSeconds: number, zone: string): Period {
  const from = windowStartSeconds('day', zone, fromSeconds)
  const to = windowStartSeconds('day', zone, toSeconds)
  if (to <= from) throw new StormpetrelError('SP_USAGE', '--to must be at least a day after --from')
  return makePeriod(`${dateOf(from, zone)} to ${dateOf(to - 1, zone)}`, from, to, zone)
}

/** As many days before. */
export function spanBefore({ fromSeconds, days }: Period, zone: string): Period {
  return spanPeriod(daysBefore(fromSeconds, days.length, zone)[0]!, fromSeconds, zone)
}

/** Starts of so many days before the start of a day, oldest first. */
export function daysBefore(startSeconds: number, count: number, zone: string): number[] {
  const starts = [startSeconds]
  while (starts.length <= count) starts.push(windowStartSeconds('day', zone, starts.at(-1)! - 1))
  return starts.slice(1).reverse()
}

/** The local date of an instant, as ISO 8601 writes it. */
export function dateOf(seconds: number, zone: string): string {
  return new Date((seconds + utcOffsetSeconds(zone, seconds)) * 1000).toISOString().slice(0, 10)
}

/** The local date and hour of an instant: '2022-05-11 14:00'. */
export function hourOf(seconds: number, zone: string): string {
  const local = new Date((seconds + utcOffsetSeconds(zone, seconds)) * 1000).toISOString()
  return `${local.slice(0, 10)} ${local.slice(11, 16)}`
}

function makePeriod(label: string, fromSeconds: number, toSeconds: number, zone: string): Period {
  const days: number[] = []
  for (let day = fromSeconds; day < toSeconds; day = dayEndSeconds(zone, day)) days.push(day)
  return { label, fromSeconds, toSeconds, days }
}

/** Month 0 is January; 12 is January of the next year. */
function startOfMonth(zone: string, year: number, month: number): number {
  return windowStartSeconds('day', zone, Date.UTC(year, month, 1, 12) / 1000)
}
