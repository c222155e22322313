// What a report was asked for, by the options of the command line.
import { parseInstant, parseZone } from '../core/counts/parse-query.ts'
import { StormpetrelError } from '../core/errors.ts'
import { type Period, quarterBefore, quarterPeriod, spanBefore, spanPeriod } from '../core/report/period.ts'
import { parseRun } from './run-option.ts'

/** What was asked for. */
export interface ReportRequest {
  readonly files: readonly string[]
  readonly period: Period
  readonly before: Period
  readonly zone: string
  readonly country: string | null
  readonly run: string | null
  readonly sensor: string | undefined
  readonly kev: string | null
}

/** What of it the command line's options say. */
export interface AskedOptions {
  readonly quarter?: string
  readonly from?: string
  readonly to?: string
  readonly compare?: string
  readonly sensorsIn?: string
  readonly tz: string
  readonly run?: string
  readonly sensor?: string
  readonly kev?: string
}

/** Throws SP_USAGE. */
export function requestOf(files: readonly string[], asked: AskedOptions): ReportRequest {
  const zone = parseZone(asked.tz)
  const { quarter, from, to, compare } = asked
  const isSpan = from !== undefined && to !== undefined
  const isPart = (from !== undefined || to !== undefined) && quarter !== undefined
  if ((quarter !== undefined) === isSpan || isPart)
    throw new StormpetrelError('SP_USAGE', 'report: give --quarter, or --from and --to')
  if (asked.sensor !== undefined && files.length === 0)
    throw new StormpetrelError('SP_USAGE', 'report: --sensor is for captures; name them')
  const period =
    quarter !== undefined
      ? quarterPeriod(quarter, zone, '--quarter')
      : spanPeriod(parseInstant(from!, zone, '--from'), parseInstant(to!, zone, '--to'), zone)
  const asQuarter = compare ?? (quarter === undefined ? null : quarterBefore(quarter))
  const before = asQuarter === null ? spanBefore(period, zone) : quarterPeriod(asQuarter, zone, '--compare')
  return {
    files,
    period,
    before,
    zone,
    country: asked.sensorsIn ?? null,
    run: parseRun(asked.run),
    sensor: asked.sensor,
    kev: asked.kev ?? null
  }
}
