// `tagger`, `aggregator`, `detector` and `sensor`: one service each, on Kafka and Redis.
import type { Command } from 'commander'
import type { CaptureToolName } from '../adapters/live-capture.ts'
import { StormpetrelError } from '../core/errors.ts'
import { LOCAL_SENSOR_ID } from '../core/telescope/sensor-list.ts'
import type { SensorInput } from '../services/sensor/main.ts'
import type { CliContext } from './context.ts'
import { inputFiles } from './input-files.ts'
import { parseRun } from './run-option.ts'
import { programVersion } from './version.ts'

interface WorkerOptions {
  readonly run?: string
}

interface SensorOptions {
  readonly sensor: string
  readonly interface?: string
  readonly follow?: string
  readonly filter?: string
  readonly tool: string
  readonly shiftToNow?: true
  readonly speed?: string
}

const WORKER_HELP = `
Several processes share the work. SIGTERM ends it after what it holds is done; a part that fails ends it with exit
code 1, for its supervisor to start it again. It serves /metrics, /healthz and /readyz.`

const DETECTOR_HELP = `
Of several one judges, and the others wait for it to fail. An hour is judged when every sensor is counted up to its end, or a
quarter of an hour later. It serves /metrics, /healthz and /readyz.`

const SENSOR_HELP = `
One process a sensor; a second one ends with exit code 1. What was read is safe in the spool before it is sent, and is
sent when Kafka answers. With --shift-to-now a capture of long ago is played as if it came now, for a rehearsal of alerts and
dashboards: its packets have new times, and their batches say 'rehearsal of FILE'. SIGTERM ends it after it has tried that for a stated time; the rest goes with its next start.
It serves /metrics, /healthz and /readyz.`

/** Adds the four verbs to the program. */
export function registerServices(program: Command, context: CliContext): void {
  program
    .command('tagger')
    .summary('packets.raw to packets.enriched')
    .description(
      'Reads packets.raw; decodes, tags and geolocates each batch; writes packets.enriched and packets.rejected.'
    )
    .option('--run <name>', 'work for a replay run instead of the live topics')
    .addHelpText('after', WORKER_HELP)
    .action(async ({ run }: WorkerOptions) => {
      const { runTagger } = await import('../services/tagger/main.ts')
      await runTagger(context.configuration(), parseRun(run), programVersion())
    })
  program
    .command('aggregator')
    .summary('packets.enriched to counts in Redis')
    .description('Reads packets.enriched and keeps rolling counts in Redis, each batch once.')
    .option('--run <name>', 'work for a replay run instead of the live topics')
    .addHelpText('after', WORKER_HELP)
    .action(async ({ run }: WorkerOptions) => {
      const { runAggregator } = await import('../services/aggregator/main.ts')
      await runAggregator(context.configuration(), parseRun(run), programVersion())
    })
  program
    .command('detector')
    .summary('counts in Redis to surges')
    .description(
      'Judges each hour once, keeps what it knows in Redis, and writes changes of surges to topic surges.'
    )
    .addHelpText('after', DETECTOR_HELP)
    .action(async () => {
      const { runDetector } = await import('../services/detector/main.ts')
      await runDetector(context.configuration(), programVersion())
    })
  registerSensor(program, context)
}

function registerSensor(program: Command, context: CliContext): void {
  program
    .command('sensor')
    .summary('an interface, a folder or captures to packets.raw')
    .description(
      'Keeps the headers of what arrives, numbers its batches, and writes them to its spool and from there to packets.raw.'
    )
    .argument('[FILE...]', 'captures or folders of captures, instead of an interface')
    .option('--follow <folder>', 'read capture files as another program adds them, such as tcpdump -G')
    .option('--interface <name>', 'capture from this interface, by tcpdump or dumpcap')
    .option('--filter <expression>', 'capture only what this pcap filter takes')
    .option(
      '--tool <name>',
      'tcpdump or dumpcap: the child that alone needs the privilege to capture',
      'tcpdump'
    )
    .option('--shift-to-now', 'captures come as if they began now: a rehearsal')
    .option('--speed <number>', 'with --shift-to-now: seconds of the capture that go by in one (default: 1)')
    .option('--sensor <id>', 'the sensor that this is, as sensors.yaml declares it', LOCAL_SENSOR_ID)
    .addHelpText('after', SENSOR_HELP)
    .action((files: string[], options: SensorOptions) => sensor(context, files, options))
}

async function sensor(context: CliContext, paths: readonly string[], options: SensorOptions): Promise<void> {
  const given = [paths.length > 0, options.interface !== undefined, options.follow !== undefined]
  if (given.filter(Boolean).length !== 1) {
    throw new StormpetrelError(
      'SP_USAGE',
      "sensor: name captures, an interface with --interface, or a folder with --follow; see 'stormpetrel sensor --help'"
    )
  }
  if (options.filter !== undefined && options.interface === undefined) {
    throw new StormpetrelError('SP_USAGE', 'sensor: --filter is for --interface; captures are read whole')
  }
  if (options.shiftToNow === true && paths.length === 0)
    throw new StormpetrelError('SP_USAGE', 'sensor: --shift-to-now is for captures; name some')
  const { runSensor } = await import('../services/sensor/main.ts')
  const input = await sensorInput(paths, options)
  const configuration = context.configuration()
  const { failures, packetsOutsideClock } = await runSensor(
    configuration,
    options.sensor,
    input,
    programVersion()
  )
  if (packetsOutsideClock > 0) {
    context.note(
      `${packetsOutsideClock} packets are over 7 days old or an hour in the future: taggers reject them as 'clock'; ` +
        "play history with 'stormpetrel replay'"
    )
  }
  for (const { error } of failures) context.fail(error)
}

async function sensorInput(paths: readonly string[], options: SensorOptions): Promise<SensorInput> {
  if (options.follow !== undefined) return { kind: 'folder', folder: options.follow }
  if (options.interface === undefined) {
    return { kind: 'files', files: await inputFiles(paths), rehearsalSpeed: rehearsalSpeedOf(options) }
  }
  const filter = options.filter ?? ''
  return { kind: 'interface', name: options.interface, filter, tool: parseTool(options.tool) }
}

function parseTool(text: string): CaptureToolName {
  if (text === 'tcpdump' || text === 'dumpcap') return text
  throw new StormpetrelError('SP_USAGE', `--tool: '${text}' is neither tcpdump nor dumpcap`)
}

function rehearsalSpeedOf({ shiftToNow, speed }: SensorOptions): number | null {
  if (shiftToNow !== true) {
    if (speed === undefined) return null
    throw new StormpetrelError('SP_USAGE', 'sensor: --speed is for --shift-to-now')
  }
  const number = Number(speed ?? 1)
  if (number > 0 && Number.isFinite(number)) return number
  throw new StormpetrelError('SP_USAGE', `sensor: --speed '${speed}' is no number above 0`)
}
