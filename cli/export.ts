// `export` and `import`: counted windows as a file, out of a store and into another one.
import type { Command } from 'commander'
import type { ExportedWindow } from '../core/counts/exported-window.ts'
import { parseInstant, parseZone } from '../core/counts/parse-query.ts'
import { StormpetrelError } from '../core/errors.ts'
import type { CountStore, PutOutcome } from '../core/store/count-store.ts'
import { countedBeforeSeconds } from '../core/store/retention.ts'
import { windowEndSeconds } from '../core/windows/time-zone.ts'
import { DetectorAside } from './detector-aside.ts'
import { withStore } from './with-store.ts'
import type { CliContext } from './context.ts'
import { parseRun } from './run-option.ts'

const EXPORT_HELP = `
The file is gzip over lines of JSON, a window and vantage each, with packets and unique sources of every series;
docs/exports.md describes it. Hours are UTC; days are those of --tz.

Examples:
  stormpetrel export --out 2022q2-hours.ndjson.gz --from 2022-04-01 --to 2022-07-01
  stormpetrel export --window day --tz Asia/Tokyo --out days.ndjson.gz

Windows that may still be counted, the newest two hours or two days, are left out.`

const IMPORT_HELP = `
Windows of which the store has counts already are left as they are, so a file may be given twice. A window past its
retention, of a zone that is not counted, or that the store may still count, is left out. Lines that are no window are told, with exit code 1,
and cost nothing else.

History comes first: import before sensors send, and before the surge detector starts, which learns each hour once, in order.
Hours are not taken while a detector runs; stop it. One that is started meanwhile waits for the import's end. Where one has judged past them already, --learn-anew has the next one learn
everything from the first hour on; what it tells then of old hours it tells again.

Examples:
  stormpetrel import 2022q2-hours.ndjson.gz
  stormpetrel import --learn-anew 2022q1-hours.ndjson.gz 2022q2-hours.ndjson.gz`

interface ExportOptions {
  readonly out: string
  readonly window: string
  readonly tz: string
  readonly from?: string
  readonly to?: string
  readonly run?: string
}

/** Adds both verbs to the program. */
export function registerExport(program: Command, context: CliContext): void {
  program
    .command('export')
    .summary('hours or days of the store as a file')
    .description('Writes hours or days of the store, with packets and unique sources, to a file.')
    .requiredOption('--out <file>', 'the file to be written')
    .option('--window <size>', 'hour or day', 'hour')
    .option('--tz <zone>', 'time zone of days, and of times without an offset', 'UTC')
    .option('--from <time>', 'windows that start at or after this ISO 8601 time')
    .option('--to <time>', 'windows that start before this ISO 8601 time')
    .option('--run <name>', 'the store of a replay run instead of the live one')
    .addHelpText('after', EXPORT_HELP)
    .action((options: ExportOptions) => exportWindows(context, options))
  program
    .command('import')
    .summary('files of export into the live store')
    .description('Puts windows of files that export wrote to the live store, as its history.')
    .argument('<FILE...>', 'files of export')
    .option('--learn-anew', 'have the surge detector forget what it learnt, and learn the whole store', false)
    .addHelpText('after', IMPORT_HELP)
    .action((files: string[], options: { learnAnew: boolean }) =>
      importWindows(context, files, options.learnAnew)
    )
}

async function exportWindows(context: CliContext, options: ExportOptions): Promise<void> {
  const zone = parseZone(options.tz)
  const size = sizeOf(options.window)
  const from = options.from === undefined ? 0 : parseInstant(options.from, zone, '--from')
  const to = options.to === undefined ? Number.POSITIVE_INFINITY : parseInstant(options.to, zone, '--to')
  const { writeExport } = await import('../adapters/export-file.ts')
  await withStore(context, parseRun(options.run), 'read', async (store) => {
    const asked = { size, zone: size === 'day' ? zone : 'UTC', from, to }
    const open = { count: 0 }
    const windows = await writeExport(options.out, windowsOf(store, asked, open))
    context.note(`${windows} windows written to ${options.out}`)
    if (open.count > 0) context.note(`${open.count} windows were left out, since they may still be counted`)
  })
}

function sizeOf(text: string): 'hour' | 'day' {
  if (text === 'hour' || text === 'day') return text
  throw new StormpetrelError('SP_USAGE', `export: --window '${text}' is neither hour nor day`)
}

async function* windowsOf(
  store: CountStore,
  { size, zone, from, to }: { size: 'hour' | 'day'; zone: string; from: number; to: number },
  open: { count: number }
): AsyncGenerator<ExportedWindow> {
  const before = await countedBefore(store, size)
  for (const vantage of await store.vantages()) {
    for (const startSeconds of await store.windows(size, zone, vantage)) {
      if (startSeconds < from || startSeconds >= to) continue
      const window = { size, zone, startSeconds, vantage }
      if (windowEndSeconds(window) > before) {
        open.count += 1
        continue
      }
      const packets = await store.packets(window)
      const sources = await store.sources(window, [...packets.keys()])
      const counts = [...packets].map(([series, count]) => ({
        series,
        packets: count,
        sources: sources.get(series) ?? 0
      }))
      yield { window, counts }
    }
  }
}

/** Of a run everything is counted once its workers have ended. */
async function countedBefore(store: CountStore, size: 'hour' | 'day'): Promise<number> {
  if ((await store.settings()).retention === null) return Number.POSITIVE_INFINITY
  return countedBeforeSeconds(size, await store.watermarkSeconds(), await store.nowSeconds())
}

async function importWindows(
  context: CliContext,
  files: readonly string[],
  learnsAnew: boolean
): Promise<void> {
  await withStore(context, null, 'write', async (store) => {
    await DetectorAside.beside(context, async (detector) => {
      if (learnsAnew) await detector.forget()
      await importFiles(context, store, detector, files)
    })
  })
}

/** What became of windows, and the series that this version does not know. */
interface Imported {
  readonly outcomes: Record<PutOutcome, number>
  readonly unknown: Set<string>
}

async function importFiles(
  context: CliContext,
  store: CountStore,
  detector: DetectorAside,
  files: readonly string[]
): Promise<void> {
  const outcomes = { kept: 0, there: 0, 'not-kept': 0, 'not-over': 0 }
  const unknown = new Set<string>()
  for (const file of files) {
    try {
      await importFile(context, store, detector, file, { outcomes, unknown })
    } catch (error) {
      context.fail(error)
      // The other files are used, but beside a detector.
      if (error instanceof StormpetrelError && error.code === 'SP_DETECTOR_RUNS') break
    }
  }
  for (const series of unknown)
    context.note(`import: series ${series} is not known to this version, and left out`)
  context.note(
    `${outcomes.kept} windows imported; ${outcomes.there} were there already, ${outcomes['not-kept']} are not kept by this store ` +
      `(too old, or days of a zone that it does not count), ${outcomes['not-over']} may still be counted`
  )
  detector.tell()
}

async function importFile(
  context: CliContext,
  store: CountStore,
  detector: DetectorAside,
  file: string,
  { outcomes, unknown }: Imported
): Promise<void> {
  const { readExport } = await import('../adapters/export-file.ts')
  for await (const line of readExport(file)) {
    if (line.kind === 'invalid') {
      context.failWith(
        `import: ${file}, line ${line.line}: ${line.why}; the other lines are used: mend it and import the file again`
      )
      continue
    }
    for (const series of line.unknown) unknown.add(series)
    if (line.window.window.size === 'hour') await detector.keepOff()
    const outcome = await store.putWindow(line.window)
    outcomes[outcome] += 1
    if (outcome === 'kept') detector.note(line.window.window)
  }
}
