// A report's days and surges straight from captures, in order of time, one day of all sensors after the other.
import type { CaptureFile } from '../adapters/capture-files.ts'
import type { EnrichedBatch } from '../core/batch/enriched-batch.ts'
import type { Configuration } from '../core/configuration.ts'
import { CaptureDays } from '../core/report/capture-days.ts'
import { CollectedDays } from '../core/report/collected-days.ts'
import { byReason } from '../core/report/ledger-quality.ts'
import { isOfPeriod } from '../core/report/model.ts'
import { sensorQuality } from '../core/report/observed-sensors.ts'
import { riseSpans, SampledRise } from '../core/surges/sampled-rise.ts'
import { DEFAULT_SURGE_SETTINGS } from '../core/surges/settings.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../core/surges/stories.ts'
import type { SurgeChange } from '../core/surges/surge-change.ts'
import { thresholdsOf } from '../core/surges/thresholds.ts'
import { ToldSurges } from '../core/surges/told-surges.ts'
import { sensorsIn } from '../core/telescope/sensor-list.ts'
import type { RejectedFrame } from '../core/tagging/enrich-batch.ts'
import type { TaggingWorld } from '../core/tagging/tag-record.ts'
import { MOST_DRIVERS } from '../services/detector/read-drivers.ts'
import type { PlayFailure } from '../services/embedded/play-files.ts'
import {
  filesBySensor,
  inOrderOfTime,
  type SensorFile,
  sensorsFileOf,
  syntheticOf
} from './capture-sensors.ts'
import type { CliContext } from './context.ts'
import { distinctFiles, inputFiles, noteRepeats } from './input-files.ts'
import type { ReportRequest } from './report-request.ts'
import type { ReportSource } from './report-source.ts'
import { withCopies } from './stream-copies.ts'
import { noteLeftOut } from './surge-rows.ts'

const HOUR_SECONDS = 3600
/** Surges whose packets are read again for their drivers, the most certain first. */
const MOST_EXPLAINED = 100

/** Reads captures. A damaged one is used up to its damage, and then said. */
export async function readCaptures(context: CliContext, request: ReportRequest): Promise<ReportSource> {
  // A stream is read twice: for what is counted, and for what drove its surges.
  return await withCopies(await inputFiles(request.files), (files) => readFiles(context, request, files))
}

async function readFiles(
  context: CliContext,
  request: ReportRequest,
  files: readonly CaptureFile[]
): Promise<ReportSource> {
  const { loadWorld } = await import('../services/tagger/world.ts')
  const { files: distinct, repeats } = await distinctFiles(files)
  noteRepeats(context, repeats)
  const sensorsFile = await sensorsFileOf(context.configuration().sensorsFile, distinct)
  const configuration = { ...context.configuration(), sensorsFile }
  // Networks are wanted of a few surges' packets only.
  const { world, sensors } = await loadWorld(configuration, false, { region: true, asn: false })
  const told = new ToldSurges(thresholdsOf(DEFAULT_SURGE_SETTINGS), DEFAULT_PAGES_PER_QUARTER)
  const { period, before, zone, country } = request
  const days = new CollectedDays(period, before)
  const listening = new Map<number, ReadonlySet<string>>()
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
    onHour: (hour) => told.take(hour)
  })
  const isOurs = new Set(sensorsIn(sensors.sensors, country).map(({ id }) => id))
  const rejected = new Map<string, number>()
  const damaged: string[] = []
  const played: PlayedFile[] = []
  for (const each of await inOrderOfTime(filesBySensor(sensors, request.sensor, distinct))) {
    // Everything that begins later is later: what is over before that is whole.
    counted.wholeUpTo(each.firstSeconds - HOUR_SECONDS)
    let lastSeconds = each.firstSeconds
    const failures = await play(each, world, (batch, rejectedFrames) => {
      counted.add(batch)
      lastSeconds = Math.max(lastSeconds, batch.packets.seconds[batch.packets.length - 1] ?? 0)
      if (!isOurs.has(each.sensor)) return
      for (const { reason } of rejectedFrames) rejected.set(reason, (rejected.get(reason) ?? 0) + 1)
    })
    played.push({ ...each, lastSeconds })
    for (const { error } of failures) {
      if (isOurs.has(each.sensor)) damaged.push(each.file.name)
      context.fail(error)
    }
  }
  counted.wholeUpTo(Number.POSITIVE_INFINITY)
  if (counted.latePackets > 0) {
    context.failWith(
      `report: ${counted.latePackets} packets came after later captures had begun, and are in no count; put captures in order of time, or one of each sensor and day`
    )
  }
  if (told.hasLeftOut) noteLeftOut(context)
  const surges = await explained(
    told.changes(),
    (change) => isOfPeriod(change, period),
    played.filter(({ sensor }) => isOurs.has(sensor)),
    configuration
  )
  const observed = new Set(days.days.map(({ startSeconds }) => startSeconds))
  const quality = {
    ...sensorQuality({ sensors: sensors.sensors, country, days: period.days, observed, listening }),
    geo: world.provenance.geo,
    rejectedFrames: byReason(rejected),
    damagedFiles: damaged,
    missingFrames: 0
  }
  return {
    days,
    surges,
    areSurgesOfAll: false,
    quality,
    synthetic: sensors.synthetic ?? syntheticOf(distinct)
  }
}

/** A capture, and the times of its first and its last packets. */
type PlayedFile = SensorFile & { readonly firstSeconds: number; readonly lastSeconds: number }

async function play(
  { sensor, file }: SensorFile,
  world: TaggingWorld,
  onBatch: (batch: EnrichedBatch, rejected: readonly RejectedFrame[]) => void
): Promise<PlayFailure[]> {
  const { playFiles } = await import('../services/embedded/play-files.ts')
  return await playFiles([file], { sensor, facts: world.sensorFacts(sensor)!, context: world }, onBatch)
}

/** With what drove each of those that are shown: the captures of its spans are read a second time. */
async function explained(
  told: readonly SurgeChange[],
  isShown: (change: SurgeChange) => boolean,
  files: readonly PlayedFile[],
  configuration: Configuration
): Promise<SurgeChange[]> {
  const shown = told.filter((change) => change.kind !== 'heavy-hitter' && isShown(change))
  const surest = shown.sort((a, b) => (a.score ?? 1) - (b.score ?? 1)).slice(0, MOST_EXPLAINED)
  if (surest.length === 0) return [...told]
  const rises = new Map(
    surest.map((change) => [
      change,
      new SampledRise(change.series, riseSpans(change.onsetSeconds, change.detectedSeconds))
    ])
  )
  const { loadWorld } = await import('../services/tagger/world.ts')
  const { world } = await loadWorld(configuration, false, { region: true, asn: true })
  for (const file of files) {
    const concerned = [...rises.values()].filter(({ spans }) =>
      [spans.usual, spans.surge].some(([from, to]) => file.firstSeconds < to && file.lastSeconds >= from)
    )
    if (concerned.length === 0) continue
    // Damage was said when it was read first.
    await play(file, world, ({ packets, name }) => {
      for (const rise of concerned) rise.add(packets, name.sensor)
    })
  }
  return told.map((change) => ({ ...change, drivers: rises.get(change)?.drivers(MOST_DRIVERS, true) ?? [] }))
}
