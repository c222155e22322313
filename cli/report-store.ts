// A report's days and surges from a store: the live one, a replay run's, or what files of export are put into.
import { CollectedDays } from '../core/report/collected-days.ts'
import { missingFramesOf, rejectedReasons } from '../core/report/ledger-quality.ts'
import { isOfPeriod } from '../core/report/model.ts'
import { sensorQuality } from '../core/report/observed-sensors.ts'
import { readListening, readStoreDays } from '../core/report/store-days.ts'
import type { CountStore } from '../core/store/count-store.ts'
import { DEFAULT_SURGE_SETTINGS } from '../core/surges/settings.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../core/surges/stories.ts'
import type { SurgeChange } from '../core/surges/surge-change.ts'
import { thresholdsOf } from '../core/surges/thresholds.ts'
import { type Sensor, type SensorList, sensorsIn } from '../core/telescope/sensor-list.ts'
import type { CliContext } from './context.ts'
import type { ReportRequest } from './report-request.ts'
import type { ReportSource } from './report-source.ts'
import { noteLeftOut, toldSurges } from './surge-rows.ts'
import { withStore } from './with-store.ts'

/** The year 2100: nothing that is exported is later, and it is kept for longer. */
const FAR_FUTURE_SECONDS = 4_102_444_800

/** The live store, with what its detector has told, or a run's. */
export async function readStored(context: CliContext, request: ReportRequest): Promise<ReportSource> {
  const listed = await sensorList(context)
  const sensors = { ...listed, synthetic: listed.synthetic ?? (await syntheticRun(context, request.run)) }
  return await withStore(context, request.run, 'read', async (store) => {
    const surges =
      request.run === null
        ? (await toldSurges(context)).filter(({ state }) => state === 'open' || state === 'closed')
        : await judged(context, store, request, sensors.sensors)
    const ledger = await store.ledger()
    const { country } = request
    const foreign = new Set(
      sensors.sensors.filter((each) => country !== null && each.country !== country).map(({ id }) => id)
    )
    const isOurs = (sensor: string): boolean => !foreign.has(sensor)
    return await sourceOf(store, request, sensors, surges, {
      rejectedFrames: rejectedReasons(ledger, isOurs),
      missingFrames: missingFramesOf(ledger, isOurs)
    })
  })
}

/** Files of export, put into a store in memory that keeps everything in them. */
export async function readExports(context: CliContext, request: ReportRequest): Promise<ReportSource> {
  const [{ MemoryStore }, { readExport }] = await Promise.all([
    import('../adapters/memory-store.ts'),
    import('../adapters/export-file.ts')
  ])
  const sensors = await sensorList(context)
  const everything = { minuteHours: 1, hourDays: 1e6, dayDays: 1e6 }
  const dayZones = request.zone === 'UTC' ? [] : [request.zone]
  const store = new MemoryStore({
    retention: everything,
    dayZones,
    // So late that every window is over.
    nowSeconds: () => FAR_FUTURE_SECONDS
  })
  for (const file of request.files) {
    for await (const line of readExport(file)) {
      if (line.kind === 'window') await store.putWindow(line.window)
      else context.failWith(`report: ${file}, line ${line.line}: ${line.why}; the other lines are used`)
    }
  }
  const surges = await judged(context, store, request, sensors.sensors)
  return await sourceOf(store, request, sensors, surges, { rejectedFrames: [], missingFrames: 0 })
}

/** Of geo data a store says nothing: each batch on packets.enriched does. */
async function sourceOf(
  store: CountStore,
  { zone, period, before, country, run, files }: ReportRequest,
  { sensors, synthetic }: SensorList,
  surges: readonly SurgeChange[] | null,
  frames: Pick<ReportSource['quality'], 'rejectedFrames' | 'missingFrames'>
): Promise<ReportSource> {
  // The detector judges what all sensors see together.
  const isLive = run === null && files.length === 0
  const starts = [...new Set([...before.days, ...period.days])].sort((a, b) => a - b)
  const days = new CollectedDays(period, before)
  const listening = await readListening(store, zone, starts)
  const asked = { zone, sensors, vantage: country ?? 'all', starts, listening }
  await readStoreDays(store, asked, (day) => days.add(day))
  const observed = new Set(days.days.map(({ startSeconds }) => startSeconds))
  const quality = sensorQuality({ sensors, country, days: period.days, observed, listening })
  return {
    days,
    surges,
    areSurgesOfAll: isLive,
    synthetic,
    quality: { ...quality, ...frames, geo: [], damagedFiles: [] }
  }
}

/** Surges of the vantage, those of the period with what drove them; null where no hours are there. */
async function judged(
  context: CliContext,
  store: CountStore,
  { country, period }: ReportRequest,
  sensors: readonly Sensor[]
): Promise<readonly SurgeChange[] | null> {
  const vantage = country ?? 'all'
  if ((await store.windows('hour', 'UTC', vantage)).length === 0) return null
  const { judgeStore } = await import('../services/detector/judge-store.ts')
  const { told, hasLeftOut } = await judgeStore(
    store,
    sensorsIn(sensors, country),
    thresholdsOf(DEFAULT_SURGE_SETTINGS),
    DEFAULT_PAGES_PER_QUARTER,
    vantage
  )
  if (hasLeftOut) noteLeftOut(context)
  return await explained(store, told, (change) => isOfPeriod(change, period), vantage)
}

/** With the drivers that the detector would have found in the counts when each surge was detected. */
async function explained(
  store: CountStore,
  told: readonly SurgeChange[],
  isShown: (change: SurgeChange) => boolean,
  vantage: string
): Promise<SurgeChange[]> {
  const { readDrivers } = await import('../services/detector/read-drivers.ts')
  const drivers = new Map<SurgeChange, SurgeChange['drivers']>()
  const shown = told.filter((change) => change.kind !== 'heavy-hitter' && isShown(change))
  for (const detectedSeconds of new Set(shown.map((change) => change.detectedSeconds))) {
    const together = shown.filter((change) => change.detectedSeconds === detectedSeconds)
    for (const [change, found] of await readDrivers(store, together, detectedSeconds, undefined, vantage))
      drivers.set(change, found)
  }
  return told.map((change) => ({ ...change, drivers: drivers.get(change) ?? change.drivers }))
}

/** The scenario of a run's packets, as they were replayed. */
async function syntheticRun(context: CliContext, run: string | null): Promise<string | null> {
  if (run === null) return null
  const [{ createRunList }, { withParts }] = await Promise.all([
    import('../services/connections.ts'),
    import('../services/life.ts')
  ])
  const runs = createRunList(context.configuration())
  return await withParts([runs], async () => (await runs.find(run))?.settings.synthetic ?? null)
}

async function sensorList(context: CliContext): Promise<SensorList> {
  const { readSensorList } = await import('../adapters/sensor-list-file.ts')
  return await readSensorList(context.configuration().sensorsFile)
}
