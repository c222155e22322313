// `replay` and `runs`: history beside live, with topics and counts of its own.
import { performance } from 'node:perf_hooks'
import type { Command } from 'commander'
import { StormpetrelError } from '../core/errors.ts'
import { chooseSensor } from '../core/telescope/choose-sensor.ts'
import type { CaptureFile } from '../adapters/capture-files.ts'
import type { ReplayRequest } from '../services/replay/main.ts'
import type { ReplayResult } from '../services/replay/replay.ts'
import {
  filesBySensor,
  hasSensorFolders,
  inOrderOfTime,
  sensorsFileOf,
  syntheticOf
} from './capture-sensors.ts'
import type { CliContext } from './context.ts'
import { distinctFiles, inputFiles, noteRepeats } from './input-files.ts'
import { withCopies } from './stream-copies.ts'
import { Progress } from './progress.ts'
import { parseRun } from './run-option.ts'
import { chooseFormat } from './output/format.ts'
import { printRows } from './output/rows.ts'

interface ReplayOptions {
  readonly run: string
  readonly sensor?: string
  readonly taggers: string
  readonly aggregators: string
}

const HELP = `
A run keeps its own topics (replay.<run>.*) and its own counts: live counts and alerts are never touched. Playing a
file into a run twice counts it once. Ask a run with 'stormpetrel counts --run <name>'.
A capture in a folder that is named as a sensor is that sensor's; sensors.yaml may lie beside those folders.

Examples:
  stormpetrel replay --run 2022q2 captures/
  stormpetrel counts --run 2022q2 --by port --window day`

/** Adds both verbs to the program. */
export function registerReplay(program: Command, context: CliContext): void {
  program
    .command('replay')
    .summary('captures into the bus as a run')
    .description(
      'Plays captures over Kafka and Redis as a run, with workers of its own, until everything is counted.'
    )
    .argument('<FILE...>', 'captures, folders of captures, or - for standard input')
    .requiredOption('--run <name>', 'the run; it is made where there is none of this name')
    .option('--sensor <id>', 'the sensor that the captures are of, as sensors.yaml declares it')
    .option('--taggers <count>', 'taggers in this process; 0 leaves it to others', '1')
    .option('--aggregators <count>', 'aggregators in this process; 0 leaves it to others', '1')
    .addHelpText('after', HELP)
    .action((files: string[], options: ReplayOptions) => replay(context, files, options))
  const runs = program
    .command('runs')
    .summary('the replay runs')
    .description('Lists the replay runs, or deletes one.')
  runs
    .command('list', { isDefault: true })
    .description(
      'lists the runs, the oldest first, with their state: complete, incomplete, or unknown without Kafka'
    )
    .option('--format <format>', 'json, ndjson, csv or table (default: table on a terminal, else ndjson)')
    .action((options: { readonly format?: string }) => listRuns(context, options.format))
  runs
    .command('delete <run>')
    .description('deletes a run: its topics, their schemas, and its counts')
    .action((run: string) => deleteRun(context, run))
}

async function replay(context: CliContext, paths: readonly string[], options: ReplayOptions): Promise<void> {
  const run = parseRun(options.run)!
  const taggers = parseCount(options.taggers, '--taggers')
  const aggregators = parseCount(options.aggregators, '--aggregators')
  await withCopies(await inputFiles(paths), async (copied) => {
    const { files, repeats } = await distinctFiles(copied)
    noteRepeats(context, repeats)
    await playRun(context, files, options.sensor, { run, taggers, aggregators })
  })
}

async function playRun(
  context: CliContext,
  files: readonly CaptureFile[],
  sensor: string | undefined,
  request: Pick<ReplayRequest, 'run' | 'taggers' | 'aggregators'>
): Promise<void> {
  const [{ runReplay }, { readSensorList }] = await Promise.all([
    import('../services/replay/main.ts'),
    import('../adapters/sensor-list-file.ts')
  ])
  const sensorsFile = await sensorsFileOf(context.configuration().sensorsFile, files)
  const list = await readSensorList(sensorsFile)
  const inOrder = await inOrderOfTime(filesBySensor(list, sensor, files))
  const ofRun = sensor === undefined && hasSensorFolders(list, files) ? null : chooseSensor(list, sensor).id
  const names = inOrder.map(({ file }) => file.name)
  const progress = new Progress(context.stderr, names, false, () => performance.now())
  const onBatch = (file: string, frames: number): void => progress.add(file, frames)
  const result = await runReplay(
    { ...context.configuration(), sensorsFile },
    {
      ...request,
      sensor: ofRun,
      synthetic: list.synthetic ?? syntheticOf(files),
      files: inOrder,
      onBatch
    }
  ).finally(() => progress.end())
  tell(context, request.run, files.length, result)
  for (const { error } of result.played.failures) context.fail(error)
}

/** One line: what was played, and what the run makes of it. */
function tell(context: CliContext, run: string, captures: number, { played, stored }: ReplayResult): void {
  const frames = played.packets + played.refusedFrames
  const what = `run ${run}: ${counted(frames, 'frame')} of ${counted(captures, 'capture')} played`
  if (stored === null) {
    context.failWith(`${what}, but stopped before the end; play them again to go on`)
    return
  }
  const { countedPackets, rejectedFrames, lostFrames } = stored
  const held = `the run holds ${counted(countedPackets, 'packet')} counted and ${counted(rejectedFrames, 'frame')} rejected`
  const lost = Object.entries(lostFrames).map(([reason, count]) => `${count} as ${reason}`)
  const missing = frames - countedPackets - rejectedFrames
  if (lost.length > 0) {
    context.failWith(
      `${what}, but not all counted: ${held}, and whole batches were rejected (frames: ${lost.join(', ')}); mend that at its taggers, delete the run and play them again`
    )
  } else if (missing > 0) {
    context.failWith(
      `${what}, but not all counted: ${held}, and ${missing} are missing; delete the run and play them again`
    )
  } else context.note(`${what}; ${held}`)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function parseCount(text: string, option: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count <= 64) return count
  throw new StormpetrelError('SP_USAGE', `${option}: '${text}' is not a whole number from 0 to 64`)
}

async function listRuns(context: CliContext, formatText: string | undefined): Promise<void> {
  const format = chooseFormat(formatText, context.stdout.isTTY === true)
  const { listedRuns } = await import('../services/replay/runs.ts')
  const runs = await listedRuns(context.configuration())
  const rows = runs.map(({ id, createdMs, settings, completeness }) => [
    id,
    new Date(createdMs).toISOString(),
    settings.sensor,
    completeness.kind
  ])
  await printRows({ columns: ['run', 'created', 'sensor', 'state'], rows }, format, context.sink())
}

async function deleteRun(context: CliContext, text: string): Promise<void> {
  const { deleteRun: remove } = await import('../services/replay/runs.ts')
  await remove(context.configuration(), parseRun(text)!)
  context.note(`run ${text} is deleted`)
}
