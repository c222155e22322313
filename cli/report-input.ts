// What a report is of: days and surges, from captures, a store, or files of export.
import { open } from 'node:fs/promises'
import { StormpetrelError } from '../core/errors.ts'
import { causesBefore, type ExploitedVulnerability, type PortCauses } from '../core/report/causes.ts'
import { isOfPeriod, type ReportInput, type ReportSurge } from '../core/report/model.ts'
import type { Period } from '../core/report/period.ts'
import type { SurgeChange } from '../core/surges/surge-change.ts'
import type { CliContext } from './context.ts'
import type { ReportRequest } from './report-request.ts'
import type { ReportSource } from './report-source.ts'

/** Reads all of it. Bad captures are said, and what can be read of them is used. */
export async function readReportInput(context: CliContext, request: ReportRequest): Promise<ReportInput> {
  const { readCauses, readExploited } = await import('../adapters/cause-files.ts')
  const known = await readCauses()
  const exploited = request.kev === null ? [] : await readExploited(request.kev)
  const read = await readSource(context, request)
  const wanted = new Set(request.period.days)
  if (!read.days.days.some(({ startSeconds }) => wanted.has(startSeconds))) {
    throw new StormpetrelError(
      'SP_NOTHING_TO_REPORT',
      `report: there is no day of ${request.period.label} in it; ask for another period, zone (--tz) or vantage (--sensors-in)`
    )
  }
  return {
    period: request.period,
    before: request.before,
    zone: request.zone,
    country: request.country,
    days: read.days.days,
    totals: read.days.now,
    totalsBefore: read.days.earlier,
    surges: surgesOf(read.surges ?? [], request.period, known, exploited),
    quality: {
      ...read.quality,
      areSurgesJudged: read.surges !== null,
      areSurgesOfAll: read.areSurgesOfAll && request.country !== null
    },
    synthetic: read.synthetic
  }
}

async function readSource(context: CliContext, request: ReportRequest): Promise<ReportSource> {
  if (request.files.length === 0)
    return await (await import('./report-store.ts')).readStored(context, request)
  if (request.run !== null)
    throw new StormpetrelError('SP_USAGE', 'report: --run is for the store; leave out the files')
  const exports = await Promise.all(request.files.map((file) => isExport(file)))
  if (exports.every((each) => each))
    return await (await import('./report-store.ts')).readExports(context, request)
  if (exports.some((each) => each))
    throw new StormpetrelError('SP_USAGE', 'report: captures or files of export; not both at once')
  return await (await import('./report-captures.ts')).readCaptures(context, request)
}

/** By its first bytes: gzip, and then what an export begins with. */
async function isExport(file: string): Promise<boolean> {
  if (!file.endsWith('.gz')) return false
  const { gunzipSync, constants } = await import('node:zlib')
  try {
    const bytes = await firstBytes(file)
    const start = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, 64).toString()
    return start.startsWith('{"format":"stormpetrel-counts"')
  } catch {
    // Whoever reads it next says what is wrong with it.
    return false
  }
}

async function firstBytes(file: string): Promise<Buffer> {
  const opened = await open(file)
  try {
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(65_536), 0, 65_536, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await opened.close()
  }
}

/** Surges that were there in the period by their onsets, each with what became known of its port. */
function surgesOf(
  changes: readonly SurgeChange[],
  period: Period,
  known: readonly PortCauses[],
  exploited: readonly ExploitedVulnerability[]
): ReportSurge[] {
  return changes
    .filter((change) => isOfPeriod(change, period))
    .map((change): ReportSurge => {
      const port = /(?:^|,)port=([^,]+)/.exec(change.series)?.[1]
      return {
        ...change,
        causes: port === undefined ? [] : causesBefore(known, exploited, port, change.onsetSeconds)
      }
    })
    .sort((a, b) => a.onsetSeconds - b.onsetSeconds || (a.series < b.series ? -1 : 1))
}
