// `counts`: packets and unique sources by any dimensions, from captures or from the live store.
import type { Command } from 'commander'
import type { CaptureFile } from '../adapters/capture-files.ts'
import type { CountQuery } from '../core/counts/query.ts'
import {
  CONDITION_KEYS,
  DEFAULT_SPANS,
  parseConditions,
  parseDimensions,
  parseInstant,
  parseSpans,
  parseWindows,
  parseZone
} from '../core/counts/parse-query.ts'
import { DIMENSIONS } from '../core/counts/query.ts'
import { PacketCounter } from '../core/counts/packet-counter.ts'
import { type CountKey, type CountRow, rowColumns, rowValues } from '../core/counts/row.ts'
import { StormpetrelError } from '../core/errors.ts'
import type { CliContext } from './context.ts'
import { distinctFiles, inputFiles, noteRepeats } from './input-files.ts'
import { withCopies } from './stream-copies.ts'
import { playCaptures } from './play-captures.ts'
import { parseRun } from './run-option.ts'
import { withStore } from './with-store.ts'
import { chooseFormat } from './output/format.ts'
import { printRows } from './output/rows.ts'

const HELP = `
A row has: window, window_start, vantage, one field for each --by, packets, and sources with --sources.
A packet is in exactly one row, unless --by tag or several vantages are asked for: by tag it is in a row for each of
its tags, and in the row whose tag is null where it has none. Keys are ports 23/TCP, 53/UDP, TCP (no port seen),
ICMP, 47/IP; regions JP, ZZ unknown; protocols by IANA number. The vantage is 'all' unless vantages are asked for.

Minutes and hours are UTC; days are those of --tz. A rolling window of 5m is the five whole minutes that end with the
one that holds the newest packet asked for, or at --to. Unique sources are exact up to 16,384 a row, then estimates
(standard error 0.81 %); those of rolling windows are exact.

Without FILEs the live store answers, for what it keeps; over FILEs every combination works. Where no aggregator has
worked yet there is no store: that is said, with exit code 1, and nothing is made.
--where takes ${CONDITION_KEYS.join(', ')}; several values of one key are alternatives, all keys must hold.

Examples:
  stormpetrel counts --by port --window day --tz Asia/Tokyo captures/
  stormpetrel counts --by region --where tag=mirai,port=23/TCP --sources scan.pcap
  stormpetrel counts --window rolling --last 5m,1h,24h --by port`

interface CountsOptions {
  readonly by: string
  readonly window?: string
  readonly last?: string
  readonly tz: string
  readonly from?: string
  readonly to?: string
  readonly where: readonly string[]
  readonly sources?: true
  readonly sensor?: string
  readonly run?: string
  readonly format?: string
}

/** Adds the verb to the program. */
export function registerCounts(program: Command, context: CliContext): void {
  program
    .command('counts')
    .summary('counts from captures or from the live store')
    .description('Counts packets and unique sources by any dimensions, from captures or from the live store.')
    .argument('[FILE...]', 'captures, folders of captures, or -; without any the live store answers')
    .option('--by <dimensions>', `group by ${DIMENSIONS.join(', ')}`, '')
    .option('--window <windows>', 'minute, hour, day, all or rolling (default: hour, with --last rolling)')
    .option('--last <spans>', `rolling windows, in m, h or d (default: ${DEFAULT_SPANS})`)
    .option('--tz <zone>', 'time zone of days, and of times without an offset', 'UTC')
    .option('--from <time>', 'packets at or after this ISO 8601 time')
    .option('--to <time>', 'packets before this ISO 8601 time')
    .option('--where <conditions>', 'only packets such as tag=mirai,region=JP', collect, [])
    .option('--sources', 'count unique source addresses too')
    .option('--sensor <id>', 'the sensor that the captures are of, as sensors.yaml declares it')
    .option('--run <name>', 'the store of a replay run instead of the live one')
    .option('--format <format>', 'json, ndjson, csv or table (default: table on a terminal, else ndjson)')
    .addHelpText('after', HELP)
    .action((files: string[], options: CountsOptions) => counts(context, files, options))
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}

async function counts(context: CliContext, paths: readonly string[], options: CountsOptions): Promise<void> {
  const format = chooseFormat(options.format, context.stdout.isTTY === true)
  const queries = parseQueries(options)
  const print = async (rows: readonly CountRow[][]): Promise<void> => {
    const columns = rowColumns(queries[0]!)
    await printRows(
      { columns, rows: { [Symbol.iterator]: () => allValues(queries, rows) } },
      format,
      context.sink()
    )
  }
  if (paths.length === 0 && options.sensor !== undefined) {
    throw new StormpetrelError(
      'SP_USAGE',
      "--sensor is for captures; the store's counts of one sensor are those --by sensor"
    )
  }
  if (paths.length === 0) await print(await answerLive(context, queries, parseRun(options.run)))
  else await countFiles(context, paths, queries, options, print)
}

/** The values of the rows of each query, made one row at a time: there may be hundreds of thousands. */
function* allValues(queries: readonly CountQuery[], rows: readonly CountRow[][]): Generator<CountKey[]> {
  for (const [i, query] of queries.entries()) {
    const valuesOf = rowValues(query)
    for (const row of rows[i]!) yield valuesOf(row)
  }
}

/** One query a window. Throws SP_USAGE. */
function parseQueries(options: CountsOptions): CountQuery[] {
  const zone = parseZone(options.tz)
  const windows = parseWindows(
    options.window ?? (options.last === undefined ? 'hour' : 'rolling'),
    parseSpans(options.last ?? DEFAULT_SPANS)
  )
  if (options.last !== undefined && !windows.some(({ kind }) => kind === 'rolling')) {
    throw new StormpetrelError(
      'SP_USAGE',
      '--last is for rolling windows; add --window rolling or leave it out'
    )
  }
  const common = {
    by: parseDimensions(options.by),
    zone,
    fromSeconds: options.from === undefined ? null : parseInstant(options.from, zone, '--from'),
    toSeconds: options.to === undefined ? null : parseInstant(options.to, zone, '--to'),
    where: parseConditions(options.where),
    hasSources: options.sources === true
  }
  if (common.fromSeconds !== null && common.toSeconds !== null && common.fromSeconds >= common.toSeconds) {
    throw new StormpetrelError(
      'SP_USAGE',
      `no packet is at or after --from ${options.from} and before --to ${options.to}; exchange the two`
    )
  }
  return windows.map((window) => ({ ...common, window }))
}

async function countFiles(
  context: CliContext,
  paths: readonly string[],
  queries: readonly CountQuery[],
  options: CountsOptions,
  print: (rows: readonly CountRow[][]) => Promise<void>
): Promise<void> {
  if (options.run !== undefined)
    throw new StormpetrelError('SP_USAGE', '--run is for the store; leave out the files')
  const named = await inputFiles(paths)
  // A single stream is counted as it comes; beside others it is compared with them, so that nothing counts twice.
  if (named.length === 1) await countDistinct(context, named, queries, options, print)
  else await withCopies(named, (files) => countDistinct(context, files, queries, options, print))
}

async function countDistinct(
  context: CliContext,
  named: readonly CaptureFile[],
  queries: readonly CountQuery[],
  options: CountsOptions,
  print: (rows: readonly CountRow[][]) => Promise<void>
): Promise<void> {
  const { files, repeats } = await distinctFiles(named)
  noteRepeats(context, repeats)
  const counters = queries.map((query) => new PacketCounter(query))
  const { by, where } = queries[0]!
  const needed = {
    region: by.includes('region') || where.regions.length > 0,
    asn: by.includes('asn') || where.asns.length > 0
  }
  await playCaptures(
    context,
    { files, sensor: options.sensor, needed, isPrinting: false },
    (batch) => {
      for (const counter of counters) counter.add(batch)
    },
    () => print(counters.map((counter) => counter.rows()))
  )
}

async function answerLive(
  context: CliContext,
  queries: readonly CountQuery[],
  run: string | null
): Promise<CountRow[][]> {
  const { answerFromStore } = await import('../core/counts/live-query.ts')
  return await withStore(context, run, 'read', async (store) => {
    if (run !== null) await sayWhetherComplete(context, run)
    const answers: CountRow[][] = []
    for (const query of queries) answers.push(await answerFromStore(query, store))
    return answers
  })
}

/** Asked before the counts are read: what is complete then is complete in the answer. */
async function sayWhetherComplete(context: CliContext, run: string): Promise<void> {
  const { runCompleteness } = await import('../services/replay/completeness.ts')
  const completeness = await runCompleteness(context.configuration(), run)
  switch (completeness.kind) {
    case 'complete':
      return
    case 'incomplete': {
      const { untagged, uncounted } = completeness
      context.note(
        `run ${run} is incomplete: ${untagged} batches wait for a tagger and ${uncounted} for an aggregator`
      )
      return
    }
    case 'unknown':
      context.note(`run ${run}: not known whether it is complete: ${completeness.reason}`)
      return
    default:
      completeness satisfies never
  }
}
