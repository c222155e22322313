// What a report is of: days and surges, from captures, a store, or files of export.
import { readFile } from 'node:fs/promises'
import type { CaptureFile } from '../adapters/capture-files.ts'
import { parseInstant, parseZone } from '../core/counts/parse-query.ts'
import { StormpetrelError } from '../core/errors.ts'
import { CaptureDays } from '../core/report/capture-days.ts'
import { causesBefore, type ExploitedVulnerability, type PortCauses } from '../core/report/causes.ts'
import { type ReportDay, TotalsSum, withoutSmallPorts } from '../core/report/day-counts.ts'
import type { DataQuality, ReportInput, ReportSurge } from '../core/report/model.ts'
import { type Period, quarterBefore, quarterPeriod, spanBefore, spanPeriod } from '../core/report/period.ts'
import { readStoreDays } from '../core/report/store-days.ts'
import type { CountStore } from '../core/store/count-store.ts'
import { missingFramesOf, rejectedReasons } from '../core/report/ledger-quality.ts'
import { SeriesJudge } from '../core/surges/series-judge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../core/surges/settings.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../core/surges/stories.ts'
import { SurgeBook } from '../core/surges/surge-book.ts'
import type { SurgeChange } from '../core/surges/surge-change.ts'
import { thresholdsOf } from '../core/surges/thresholds.ts'
import { isActiveAt, type Sensor, type SensorList } from '../core/telescope/sensor-list.ts'
import { filesBySensor, sensorsFileOf } from './capture-sensors.ts'
import type { CliContext } from './context.ts'
import { distinctFiles, inputFiles, noteRepeats } from './input-files.ts'
import { parseRun } from './run-option.ts'
import { noteLeftOut } from './surge-rows.ts'
import { withStore } from './with-store.ts'

const HOUR_SECONDS = 3600

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

/** Options as the command line has them. */
interface Asked {
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
export function requestOf(files: readonly string[], asked: Asked): ReportRequest {
  const zone = parseZone(asked.tz)
  const { quarter, from, to, compare } = asked
  if ((quarter === undefined) === (from === undefined || to === undefined))
    throw new StormpetrelError('SP_USAGE', 'report: give --quarter, or --from and --to')
  const period =
    quarter !== undefined
      ? quarterPeriod(quarter, zone)
      : spanPeriod(parseInstant(from!, zone, '--from'), parseInstant(to!, zone, '--to'), zone)
  const asQuarter = compare ?? (quarter === undefined ? null : quarterBefore(quarter))
  const before = asQuarter === null ? spanBefore(period, zone) : quarterPeriod(asQuarter, zone)
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

/** Reads all of it. Bad captures are said, and what can be read of them is used. */
export async function readReportInput(context: CliContext, request: ReportRequest): Promise<ReportInput> {
  const { readCauses, readExploited } = await import('../adapters/cause-files.ts')
  const known = await readCauses()
  const exploited = request.kev === null ? [] : await readExploited(request.kev)
  const read = await readSource(context, request)
  if (read.days.days.length === 0) {
    throw new StormpetrelError(
      'SP_NOTHING_TO_REPORT',
      `report: there is no day of ${request.period.label} or ${request.before.label} in it; ask for another period, zone (--tz) or vantage (--sensors-in)`
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
    quality: { ...read.quality, areSurgesJudged: read.surges !== null },
    synthetic: read.synthetic
  }
}

/** What a source gave. Surges are null where there were no hours to be judged. */
interface ReadSource {
  readonly days: CollectedDays
  readonly surges: readonly SurgeChange[] | null
  readonly quality: Omit<DataQuality, 'areSurgesJudged'>
  readonly synthetic: string | null
}

async function readSource(context: CliContext, request: ReportRequest): Promise<ReadSource> {
  if (request.files.length === 0) return await readLive(context, request)
  if (request.run !== null)
    throw new StormpetrelError('SP_USAGE', 'report: --run is for the store; leave out the files')
  const exports = await Promise.all(request.files.map((file) => isExport(file)))
  if (exports.every((each) => each)) return await readExports(context, request)
  if (exports.some((each) => each))
    throw new StormpetrelError('SP_USAGE', 'report: captures or files of export; not both at once')
  return await readCaptures(context, request)
}

/** Days of both periods, and what they add up to. */
class CollectedDays {
  readonly days: ReportDay[] = []
  readonly now = new TotalsSum()
  readonly earlier = new TotalsSum()
  readonly #request: ReportRequest

  constructor(request: ReportRequest) {
    this.#request = request
  }

  add(day: ReportDay): void {
    const { period, before } = this.#request
    if (period.days.includes(day.startSeconds)) this.now.add(day.vantage)
    else if (before.days.includes(day.startSeconds)) this.earlier.add(day.vantage)
    else return
    this.days.push(withoutSmallPorts(day))
  }
}

/** By its first bytes: gzip, and then what an export begins with. */
async function isExport(file: string): Promise<boolean> {
  if (!file.endsWith('.gz')) return false
  const { gunzipSync, constants } = await import('node:zlib')
  try {
    const bytes = (await readFile(file)).subarray(0, 65_536)
    const start = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, 64).toString()
    return start.startsWith('{"format":"stormpetrel-counts"')
  } catch {
    return false
  }
}

async function readLive(context: CliContext, request: ReportRequest): Promise<ReadSource> {
  const sensors = await sensorList(context, null)
  return await withStore(context, request.run, 'read', async (store) => {
    const days = await storeDays(store, request, sensors)
    const surges =
      request.run === null
        ? await toldSurges(context)
        : await judged(context, store, request, sensors.sensors)
    const ledger = await store.ledger()
    const geo: DataQuality['geo'] = []
    const quality = {
      ...qualityOf(request, sensors, days.days, geo),
      rejectedFrames: rejectedReasons(ledger),
      missingFrames: missingFramesOf(ledger)
    }
    return { days, surges, quality, synthetic: sensors.synthetic }
  })
}

async function storeDays(
  store: CountStore,
  request: ReportRequest,
  { sensors }: SensorList
): Promise<CollectedDays> {
  const starts = [...new Set([...request.before.days, ...request.period.days])].sort((a, b) => a - b)
  const vantage = request.country ?? 'all'
  const collected = new CollectedDays(request)
  for (const day of await readStoreDays(store, { zone: request.zone, sensors, vantage, starts }))
    collected.add(day)
  return collected
}

/** What the detector has told of the live telescope. */
async function toldSurges(context: CliContext): Promise<readonly SurgeChange[]> {
  const [{ RedisSurgeStore }, { liveNamespace }] = await Promise.all([
    import('../adapters/redis-surge-store.ts'),
    import('../core/store/run-settings.ts')
  ])
  const { redisUrl, topicPrefix } = context.configuration()
  const surges = new RedisSurgeStore(redisUrl, liveNamespace(topicPrefix))
  await surges.start()
  try {
    return (await surges.surges()).filter(({ state }) => state === 'open' || state === 'closed')
  } finally {
    await surges.stop()
  }
}

async function judged(
  context: CliContext,
  store: CountStore,
  { country }: ReportRequest,
  sensors: readonly Sensor[]
): Promise<readonly SurgeChange[] | null> {
  const vantage = country ?? 'all'
  if ((await store.windows('hour', 'UTC', vantage)).length === 0) return null
  const { judgeStore } = await import('../services/detector/judge-store.ts')
  const { told, hasLeftOut } = await judgeStore(
    store,
    sensors,
    thresholdsOf(DEFAULT_SURGE_SETTINGS),
    DEFAULT_PAGES_PER_QUARTER,
    vantage
  )
  if (hasLeftOut) noteLeftOut(context)
  return told
}

/** Files of export, put into a store in memory that keeps everything in them. */
async function readExports(context: CliContext, request: ReportRequest): Promise<ReadSource> {
  const [{ MemoryStore }, { readExport }] = await Promise.all([
    import('../adapters/memory-store.ts'),
    import('../adapters/export-file.ts')
  ])
  const sensors = await sensorList(context, null)
  const years = { minuteHours: 1, hourDays: 1e6, dayDays: 1e6 }
  const dayZones = request.zone === 'UTC' ? [] : [request.zone]
  const store = new MemoryStore({
    retention: years,
    dayZones,
    nowSeconds: () => Number.MAX_SAFE_INTEGER / 2 ** 20
  })
  for (const file of request.files) {
    for await (const line of readExport(file)) {
      if (line.kind === 'window') await store.putWindow(line.window)
      else context.failWith(`report: ${file}, line ${line.line}: ${line.why}; the other lines are used`)
    }
  }
  const days = await storeDays(store, request, sensors)
  const surges = await judged(context, store, request, sensors.sensors)
  return { days, surges, quality: qualityOf(request, sensors, days.days, []), synthetic: sensors.synthetic }
}

async function sensorList(context: CliContext, file: string | null): Promise<SensorList> {
  const { readSensorList } = await import('../adapters/sensor-list-file.ts')
  return await readSensorList(file ?? context.configuration().sensorsFile)
}

/** Captures in order of time, one day of all sensors after the other. */
async function readCaptures(context: CliContext, request: ReportRequest): Promise<ReadSource> {
  const [{ loadWorld }, { playFiles }] = await Promise.all([
    import('../services/tagger/world.ts'),
    import('../services/embedded/play-files.ts')
  ])
  const { files: distinct, repeats } = await distinctFiles(await inputFiles(request.files))
  noteRepeats(context, repeats)
  const sensorsFile = await sensorsFileOf(context.configuration().sensorsFile, distinct)
  const configuration = { ...context.configuration(), sensorsFile }
  const { world, sensors } = await loadWorld(configuration, false, { region: true, asn: false })
  const judge = new HourlySurges()
  const days = new CollectedDays(request)
  const listening = new Map<number, ReadonlySet<string>>()
  const rejected = new Map<string, number>()
  const damaged: string[] = []
  const { period, before, zone, country } = request
  const counted = new CaptureDays({
    zone,
    sensors: sensors.sensors,
    country,
    fromSeconds: Math.min(before.fromSeconds, period.fromSeconds),
    toSeconds: Math.max(before.toSeconds, period.toSeconds),
    onDay: (day, seen) => {
      days.add(day)
      listening.set(day.startSeconds, seen)
    },
    onHour: (hour) => judge.take(hour)
  })
  const inOrder = await byTime(
    filesBySensor(sensors, request.sensor, distinct).flatMap(({ sensor, files }) =>
      files.map((file) => ({ sensor, file }))
    )
  )
  for (const { sensor, file, firstSeconds } of inOrder) {
    // Everything that begins later is later: what is over before that is whole.
    counted.wholeUpTo(firstSeconds - HOUR_SECONDS)
    const options = { sensor, facts: world.sensorFacts(sensor)!, context: world }
    const failures = await playFiles([file], options, (batch, rejectedFrames) => {
      counted.add(batch)
      for (const { reason } of rejectedFrames) rejected.set(reason, (rejected.get(reason) ?? 0) + 1)
    })
    for (const { error } of failures) {
      damaged.push(file.name)
      context.fail(error)
    }
  }
  counted.wholeUpTo(Number.POSITIVE_INFINITY)
  const quality = {
    ...qualityOf(request, sensors, days.days, world.provenance.geo, listening),
    rejectedFrames: [...rejected]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([reason, frames]) => ({ reason, frames })),
    damagedFiles: damaged
  }
  return { days, surges: judge.changes(), quality, synthetic: sensors.synthetic }
}

interface TimedFile {
  readonly sensor: string
  readonly file: CaptureFile
  readonly firstSeconds: number
}

/** By the time of their first packets; what cannot be read comes first, so that it is said early. */
async function byTime(
  files: readonly { readonly sensor: string; readonly file: CaptureFile }[]
): Promise<TimedFile[]> {
  const { firstPacketSeconds } = await import('../adapters/capture-files.ts')
  const timed: TimedFile[] = []
  for (const each of files)
    timed.push({ ...each, firstSeconds: (await firstPacketSeconds(each.file.path)) ?? 0 })
  return timed.sort((a, b) => a.firstSeconds - b.firstSeconds || (a.file.name < b.file.name ? -1 : 1))
}

function qualityOf(
  { country, period }: ReportRequest,
  { sensors }: SensorList,
  days: readonly ReportDay[],
  geo: DataQuality['geo'],
  listening: ReadonlyMap<number, ReadonlySet<string>> | null = null
): Omit<DataQuality, 'areSurgesJudged'> {
  const ours = sensors.filter((sensor) => country === null || sensor.country === country)
  const observed = new Set(days.map(({ startSeconds }) => startSeconds))
  const isSilent = (sensor: Sensor, start: number): boolean =>
    observed.has(start) && isActiveAt(sensor, start) && listening?.get(start)?.has(sensor.id) === false
  const silent = ours.flatMap((sensor) => {
    const missing = period.days.filter((start) => isSilent(sensor, start))
    return missing.length === 0 ? [] : [{ sensor: sensor.id, days: missing }]
  })
  return {
    geo,
    sensors: ours.length,
    sensorsEverywhere: sensors.length,
    silent,
    rejectedFrames: [],
    damagedFiles: [],
    missingFrames: 0
  }
}

/** The judge and its book, an hour after the other. */
class HourlySurges {
  readonly #judge = new SeriesJudge(thresholdsOf(DEFAULT_SURGE_SETTINGS), null)
  readonly #book = new SurgeBook([], DEFAULT_PAGES_PER_QUARTER)
  readonly #newest = new Map<string, SurgeChange>()

  take(hour: Parameters<SeriesJudge['judge']>[0]): void {
    const judged = this.#judge.judge(hour)
    const hourEndSeconds = hour.startSeconds + HOUR_SECONDS
    const { series } = this.#judge
    for (const change of this.#book.enter({ judged, open: this.#judge.open(), hourEndSeconds, series }))
      this.#newest.set(change.surge, change)
  }

  changes(): SurgeChange[] {
    return [...this.#newest.values()]
  }
}

/** Surges that were there in the period, the largest stories first, each with what became known of its port. */
function surgesOf(
  changes: readonly SurgeChange[],
  { fromSeconds, toSeconds }: Period,
  known: readonly PortCauses[],
  exploited: readonly ExploitedVulnerability[]
): ReportSurge[] {
  return changes
    .filter(
      ({ onsetSeconds, closedSeconds }) =>
        onsetSeconds < toSeconds && (closedSeconds ?? toSeconds) > fromSeconds
    )
    .map((change): ReportSurge => {
      const port = /(?:^|,)port=([^,]+)/.exec(change.series)?.[1]
      return {
        ...change,
        causes: port === undefined ? [] : causesBefore(known, exploited, port, change.onsetSeconds)
      }
    })
    .sort((a, b) => a.onsetSeconds - b.onsetSeconds || (a.series < b.series ? -1 : 1))
}
