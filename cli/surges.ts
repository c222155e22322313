// `surges`: what the detector has told of, and the surges in hourly counts from anywhere.
import { type Command, InvalidArgumentError } from 'commander'
import { textLines } from '../adapters/text-lines.ts'
import { type CountRow, CountRowParser, parseHeader } from '../core/count-rows/count-row.ts'
import { SurgeReader } from '../core/count-rows/surge-reader.ts'
import { StormpetrelError } from '../core/errors.ts'
import { DEFAULT_SURGE_SETTINGS, type SurgeSettings } from '../core/surges/settings.ts'
import { judgedSurge } from '../core/surges/hourly-judge.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../core/surges/stories.ts'
import { formatUtc } from '../core/windows/time-zone.ts'
import type { CliContext } from './context.ts'
import { parseRun } from './run-option.ts'
import { captureSurgeRows, liveSurgeRows, runSurgeRows, valuesOf } from './surge-rows.ts'
import { chooseFormat } from './output/format.ts'
import { printRows } from './output/rows.ts'
import type { Value } from './output/text.ts'

const HELP = `
Without captures, --run and --counts it lists what the detector has told of: open surges first, then the newest; what a surge
is there says the detector's configuration. Over captures, or a run, it lists what the detector would have told of them.

FILE of --counts is CSV. Its first line names the columns: series, window_start (ISO 8601, a whole hour) and packets; if you have
them, sources (unique ones: they are judged then, and packets only tell heavy hitters), dark_addresses (that listened:
counts are judged per address) and sensor (a row a series, sensor and hour: then one sensor cannot carry a surge alone).
A row is a series and hour; a missing row is a gap, never a zero. Rows of a series are in order of time; series may
follow one another or be mixed. Series are judged each for itself, from their third week on.

A row of the answer has: series, kind (spike, step, trend, or heavy-hitter: packets jumped and sources did not), state
(open or closed; of the detector also early, before its hour is over, and withdrawn), onset and the times it lies
between (onset_from, onset_to), detected (the end of the hour that showed it), closed (null while it is open), ratio to the
baseline, and score: false alarms a series and quarter to be expected of such evidence, at most those asked for (null for a
heavy hitter). Where stories are told, severity says whether it would
wake somebody (page) or be read in the morning (notice; --pages-per-quarter says how many pages may come out of nothing),
and story which surges are told together; drivers is what the rise is made of, as far as the detector has looked. docs/detection.md says how, and how well.

Examples:
  stormpetrel surges
  stormpetrel surges captures/
  stormpetrel surges --counts hourly.csv
  stormpetrel surges --counts - --false-alarms 0.1 --format table < hourly.csv`

interface SurgesOptions {
  readonly sensor?: string
  readonly run?: string
  readonly counts?: string
  readonly falseAlarms: number
  readonly smallestRatio: number
  readonly smallestCount: number
  readonly pagesPerQuarter: number
  readonly format?: string
}

const COLUMNS = [
  'series',
  'kind',
  'state',
  'onset',
  'onset_from',
  'onset_to',
  'detected',
  'closed',
  'ratio',
  'score',
  'severity',
  'story',
  'drivers'
] as const

/** Adds the verb to the program. */
export function registerSurges(program: Command, context: CliContext): void {
  const { falseAlarms, smallestRatio, smallestCount } = DEFAULT_SURGE_SETTINGS
  program
    .command('surges')
    .summary('sudden and slow increases, live or in hourly counts')
    .description(
      'Lists surges, of the detector or in hourly counts from anywhere: when each began, how large it is, and how sure.'
    )
    .argument('[FILE...]', 'captures, folders of captures, or -')
    .option('--sensor <id>', 'the sensor that the captures are of, as sensors.yaml declares it')
    .option('--run <name>', 'the hours of a replay run')
    .option('--counts <FILE>', 'CSV with a row a series and hour, or - for standard input')
    .option('--false-alarms <n>', 'a series and quarter, above 0 up to 10', within(0, 10), falseAlarms)
    .option('--smallest-ratio <n>', 'to the baseline, above 1 up to 100', within(1, 100), smallestRatio)
    .option('--smallest-count <n>', 'sources in a window, above 0 up to 1e9', within(0, 1e9), smallestCount)
    .option(
      '--pages-per-quarter <n>',
      'out of nothing, over all series, above 0 up to 1000',
      within(0, 1000),
      DEFAULT_PAGES_PER_QUARTER
    )
    .option('--format <format>', 'json, ndjson, csv or table (default: table on a terminal, else ndjson)')
    .addHelpText('after', HELP)
    .action((files: string[], options: SurgesOptions, command: Command) => {
      refuseWithoutEffect(sourceOf(files, options), (name) => command.getOptionValueSource(name) === 'cli')
      return surges(context, files, options)
    })
}

type Source = 'captures' | '--run' | '--counts' | 'the live store'

function sourceOf(files: readonly string[], { run, counts }: SurgesOptions): Source {
  const given: Source[] = []
  if (files.length > 0) given.push('captures')
  if (run !== undefined) given.push('--run')
  if (counts !== undefined) given.push('--counts')
  if (given.length > 1)
    throw new StormpetrelError('SP_USAGE', 'surges: captures, --run or --counts; choose one of them')
  return given[0] ?? 'the live store'
}

const JUDGED: readonly Source[] = ['captures', '--run', '--counts']

/** Options and what they are for: of the live store the detector's own settings hold, and each series of --counts is judged for itself. */
const MEANT_FOR: readonly (readonly [option: string, name: string, sources: readonly Source[]])[] = [
  ['--sensor', 'sensor', ['captures']],
  ['--false-alarms', 'falseAlarms', JUDGED],
  ['--smallest-ratio', 'smallestRatio', JUDGED],
  ['--smallest-count', 'smallestCount', JUDGED],
  ['--pages-per-quarter', 'pagesPerQuarter', ['captures', '--run']]
]

/** Throws SP_USAGE where an option was given that changes nothing of the answer. */
function refuseWithoutEffect(source: Source, isGiven: (name: string) => boolean): void {
  for (const [option, name, sources] of MEANT_FOR) {
    if (!isGiven(name) || sources.includes(source)) continue
    throw new StormpetrelError(
      'SP_USAGE',
      `surges: ${option} changes nothing of ${source}; it is for ${sources.join(', ')}`
    )
  }
}

/** Parses a number above the first and up to the second. */
function within(above: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (value > above && value <= most) return value
    throw new InvalidArgumentError(`it must be a number above ${above}, and at most ${most}`)
  }
}

async function surges(context: CliContext, files: readonly string[], options: SurgesOptions): Promise<void> {
  const format = chooseFormat(options.format, context.stdout.isTTY === true)
  const print = async (rows: Iterable<readonly Value[]>): Promise<void> =>
    await printRows({ columns: COLUMNS, rows }, format, context.sink())
  const run = parseRun(options.run)
  if (files.length > 0) await captureSurgeRows(context, files, options.sensor, options, print)
  else if (run !== null) await print(await runSurgeRows(context, run, options))
  else if (options.counts === undefined) await print(await liveSurgeRows(context))
  else {
    const reader = await readCounts(options.counts, options)
    await print(reader.finish().map(({ name, surge }) => valuesOf(judgedSurge(surge, name))))
  }
}

/** Reads and judges a file. Throws SP_COUNTS_FILE, SP_FILE_UNREADABLE. */
async function readCounts(path: string, settings: SurgeSettings): Promise<SurgeReader> {
  const title = path === '-' ? 'standard input' : path
  const reader = new SurgeReader(settings)
  let parser: CountRowParser | null = null
  for await (const { firstLine, lines } of textLines(path)) {
    for (const [i, line] of lines.entries()) {
      if (line === '') continue
      if (parser === null) parser = parserOf(line, `${title}, line ${firstLine + i}`)
      else takeLine(reader, parser, line, title, firstLine + i)
    }
  }
  if (parser === null) throw badFile(`${title}: it is empty; its first line must name the columns`)
  return reader
}

function parserOf(line: string, where: string): CountRowParser {
  const header = parseHeader(line.replace(/^\uFEFF/, ''))
  if (header.kind === 'bad') throw badFile(`${where}: ${header.reason}`)
  return new CountRowParser(header.columns)
}

function takeLine(
  reader: SurgeReader,
  parser: CountRowParser,
  line: string,
  title: string,
  number: number
): void {
  const parsed = parser.parse(line)
  if (parsed.kind === 'bad') throw badFile(`${title}, line ${number}: ${parsed.reason}`)
  const outcome = reader.take(parsed.row)
  switch (outcome) {
    case 'taken':
      return
    case 'out-of-order':
      throw badFile(
        `${title}, line ${number}: ${nameOf(parsed.row)} is earlier than a row of that series before it; sort by window_start`
      )
    case 'repeated':
      throw badFile(
        `${title}, line ${number}: ${nameOf(parsed.row)} was there already; add up rows of one series, sensor and hour`
      )
    default:
      outcome satisfies never
  }
}

function nameOf({ series, sensor, hour }: CountRow): string {
  return `series '${series}'${sensor === null ? '' : `, sensor '${sensor}'`} at ${formatUtc(hour * 3600)}`
}

function badFile(message: string): StormpetrelError {
  return new StormpetrelError('SP_COUNTS_FILE', message)
}
