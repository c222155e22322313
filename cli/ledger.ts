// `ledger`: what became of every frame that sensors captured, and what nobody counted.
import type { Command } from 'commander'
import { formatUtc } from '../core/windows/time-zone.ts'
import { rejectedFramesOf, unexplainedFrames } from '../core/store/ledger.ts'
import type { Ledger } from '../core/store/count-store.ts'
import type { CliContext } from './context.ts'
import { chooseFormat } from './output/format.ts'
import { printRows, type Rows } from './output/rows.ts'
import type { Value } from './output/text.ts'
import { parseRun } from './run-option.ts'
import { withStore } from './with-store.ts'

const HELP = `
One row a sensor: captured = counted + rejected + dropped + lost + gaps + unexplained, in frames.
  captured     behind the last batch that came, or the last one that the sensor says there was
  rejected     no packet, or of a batch that could not be used (docs/rejections.md)
  dropped      by the sensor's spool, which said so
  lost         in holes that were closed, since their lane had over 1,000
  gaps         in holes that are open: a late batch still fills them
  unexplained  not 0 only where a sensor's own numbers contradict each other
  kernel       packets that the kernel dropped before the sensor; nobody numbered them

--missing lists, a row each, the holes with their batch numbers and since when, the intervals in which a sensor on an
interface was not running (unobserved: no data, never zero), and records that Kafka deleted before they were counted.

Examples:
  stormpetrel ledger
  stormpetrel ledger --missing --format table`

interface LedgerOptions {
  readonly missing?: true
  readonly run?: string
  readonly format?: string
}

/** Adds the verb to the program. */
export function registerLedger(program: Command, context: CliContext): void {
  program
    .command('ledger')
    .summary('what became of every frame that was captured')
    .description('Shows, a sensor each, that captured frames are counted, rejected or known to be missing.')
    .option('--missing', 'what is missing instead, and since when')
    .option('--run <name>', 'the store of a replay run instead of the live one')
    .option('--format <format>', 'json, ndjson, csv or table (default: table on a terminal, else ndjson)')
    .addHelpText('after', HELP)
    .action((options: LedgerOptions) => ledger(context, options))
}

async function ledger(context: CliContext, options: LedgerOptions): Promise<void> {
  const format = chooseFormat(options.format, context.stdout.isTTY === true)
  const run = parseRun(options.run)
  await withStore(context, run, 'read', async (store) => {
    const read = await store.ledger()
    await printRows(options.missing === true ? missingRows(read) : sensorRows(read), format, context.sink())
    for (const totals of read.sensors) {
      const frames = unexplainedFrames(totals)
      if (frames !== 0)
        context.failWith(`ledger: ${frames} frames of sensor ${totals.sensor} are unexplained`)
    }
  })
}

function sensorRows({ sensors }: Ledger): Rows {
  const columns = [
    'sensor',
    'captured',
    'counted',
    'rejected',
    'dropped',
    'lost',
    'gaps',
    'unexplained',
    'kernel'
  ]
  const rows = sensors.map((totals): Value[] => [
    totals.sensor,
    totals.capturedFrames,
    totals.countedPackets,
    rejectedFramesOf(totals),
    totals.droppedFrames,
    totals.lostFrames,
    totals.gapFrames,
    unexplainedFrames(totals),
    totals.kernelDroppedPackets
  ])
  return { columns, rows }
}

/** Times are the sensor's clock; what a row has not is null. */
function missingRows({ gaps, unobserved, lostRecords }: Ledger): Rows {
  const columns = ['kind', 'sensor', 'place', 'from', 'to', 'frames', 'since', 'until']
  const rows: Value[][] = [
    ...gaps.map(({ state, sensor, epoch, lane, from, to, frames, sinceSeconds, untilSeconds }): Value[] => {
      const since = sinceSeconds === 0 ? null : formatUtc(sinceSeconds)
      const until = untilSeconds === null ? null : formatUtc(untilSeconds)
      return [state === 'open' ? 'gap' : state, sensor, `${epoch}/${lane}`, from, to, frames, since, until]
    }),
    ...unobserved.map(({ sensor, fromMs, toMs }): Value[] => {
      const [since, until] = [fromMs, toMs].map((timeMs) => formatUtc(Math.floor(timeMs / 1000)))
      return ['unobserved', sensor, null, null, null, null, since!, until!]
    }),
    ...lostRecords.map(({ topic, partition, from, to }): Value[] => {
      return ['lost-records', null, `${topic}/${partition}`, from, to - 1, null, null, null]
    })
  ]
  return { columns, rows }
}
