// Surges of the detector, of a run, and of captures, as rows.
import type { CaptureFile } from '../adapters/capture-files.ts'
import type { CountStore } from '../core/store/count-store.ts'
import type { JudgedSurge } from '../core/surges/hourly-judge.ts'
import type { SurgeSettings } from '../core/surges/settings.ts'
import type { SurgeChange, SurgeDriver } from '../core/surges/surge-change.ts'
import { formatUtc } from '../core/windows/time-zone.ts'
import { sensorsFileOf } from './capture-sensors.ts'
import type { CliContext } from './context.ts'
import { distinctFiles, inputFiles, noteRepeats } from './input-files.ts'
import { playCaptures } from './play-captures.ts'
import { withCopies } from './stream-copies.ts'
import { withStore } from './with-store.ts'
import type { Value } from './output/text.ts'

/** Batches that are added up before they are put to the windows: 4,096 packets each at most. */
const BATCHES_A_FLUSH = 128

/** What the detector has told of, by its newest change: open ones first, then the newest. */
export async function liveSurgeRows(context: CliContext): Promise<Value[][]> {
  const changes = await toldSurges(context)
  changes.sort(
    (a, b) =>
      openness(b) - openness(a) || b.detectedSeconds - a.detectedSeconds || (a.series < b.series ? -1 : 1)
  )
  return changes.map((change) => valuesOf(change))
}

/** The newest change of each surge that the detector has told of, in no order. */
export async function toldSurges(context: CliContext): Promise<SurgeChange[]> {
  const [{ RedisSurgeStore }, { liveNamespace }] = await Promise.all([
    import('../adapters/redis-surge-store.ts'),
    import('../core/store/run-settings.ts')
  ])
  const { redisUrl, topicPrefix } = context.configuration()
  const store = new RedisSurgeStore(redisUrl, liveNamespace(topicPrefix))
  await store.start()
  try {
    return await store.surges()
  } finally {
    await store.stop()
  }
}

/** What the detector would have told of the hours of a run, in that order. Throws SP_RUN. */
export async function runSurgeRows(context: CliContext, run: string, settings: ToldBy): Promise<Value[][]> {
  return await withStore(context, run, 'read', (store) =>
    judgedRows(context, store, context.configuration().sensorsFile, settings)
  )
}

/** The same of captures. A damaged one is used up to its damage, and then said; files that are there twice count once. */
export async function captureSurgeRows(
  context: CliContext,
  paths: readonly string[],
  sensor: string | undefined,
  settings: ToldBy,
  print: (rows: Value[][]) => Promise<void>
): Promise<void> {
  await withCopies(await inputFiles(paths), async (named) => {
    const { files, repeats } = await distinctFiles(named)
    noteRepeats(context, repeats)
    const sensorsFile = await sensorsFileOf(context.configuration().sensorsFile, files)
    await countCaptures(context, files, sensor, async (store) => {
      await print(await judgedRows(context, store, sensorsFile, settings))
    })
  })
}

async function countCaptures(
  context: CliContext,
  files: readonly CaptureFile[],
  sensor: string | undefined,
  done: (store: CountStore) => Promise<void>
): Promise<void> {
  const [{ MemoryStore }, { Accumulator }] = await Promise.all([
    import('../adapters/memory-store.ts'),
    import('../core/windows/accumulator.ts')
  ])
  const store = new MemoryStore()
  const accumulator = new Accumulator()
  const flush = async (): Promise<void> => {
    await store.applySlot({ slot: 0, spans: [], batches: [], known: [], ...accumulator.take() })
  }
  let batches = 0
  await playCaptures(
    context,
    { files, sensor, needed: { region: true, asn: true }, isPrinting: false },
    (batch) => {
      accumulator.add(batch)
      batches += 1
      return batches % BATCHES_A_FLUSH === 0 ? flush() : undefined
    },
    async () => {
      await flush()
      await done(store)
    }
  )
}

async function judgedRows(
  context: CliContext,
  store: CountStore,
  sensorsFile: string | null,
  settings: ToldBy
): Promise<Value[][]> {
  const [{ judgeStore }, { readSensorList }, { thresholdsOf }] = await Promise.all([
    import('../services/detector/judge-store.ts'),
    import('../adapters/sensor-list-file.ts'),
    import('../core/surges/thresholds.ts')
  ])
  const { sensors } = await readSensorList(sensorsFile)
  const { told, hasLeftOut } = await judgeStore(
    store,
    sensors,
    thresholdsOf(settings),
    settings.pagesPerQuarter
  )
  if (hasLeftOut) noteLeftOut(context)
  return told.map((change) => valuesOf(change))
}

/** Says that not every series was judged. */
export function noteLeftOut(context: CliContext): void {
  context.note(
    'there are more series than are judged; those that came last are left out, and no surge of theirs is told'
  )
}

/** Open ones come first. */
function openness({ closedSeconds }: SurgeChange): number {
  return closedSeconds === null ? 1 : 0
}

/** By what is judged, and which stories page. */
export interface ToldBy extends SurgeSettings {
  readonly pagesPerQuarter: number
}

/** A surge in the columns of surges.ts. One of counts from anywhere is of no story, and nobody has looked for its drivers. */
export function valuesOf(surge: JudgedSurge | SurgeChange): Value[] {
  const { series, kind, state, detectedSeconds, closedSeconds, score, ratio, drivers = [] } = surge
  return [
    series,
    kind,
    state,
    formatUtc(surge.onsetSeconds),
    formatUtc(surge.onsetFromSeconds),
    formatUtc(surge.onsetToSeconds),
    formatUtc(detectedSeconds),
    closedSeconds === null ? null : formatUtc(closedSeconds),
    Math.round(ratio * 1000) / 1000,
    score === null ? null : Number(score.toPrecision(3)),
    'severity' in surge ? surge.severity : null,
    'severity' in surge ? surge.story : null,
    drivers.length === 0 ? null : { items: drivers, words: drivers.map(wordsOf).join('; ') }
  ]
}

function wordsOf({ dimension, key, share }: SurgeDriver): string {
  return `${dimension} ${key === '' ? 'rest' : key} ${Math.round(share * 100)} %`
}
