// `up`: everything in one process, without Kafka, Redis, Java or Docker.
import type { Command } from 'commander'
import type { CaptureFile } from '../adapters/capture-files.ts'
import { chooseSensor } from '../core/telescope/choose-sensor.ts'
import type { CliContext } from './context.ts'
import { distinctFiles, inputFiles, noteRepeats } from './input-files.ts'
import { sampleCaptures } from './samples.ts'
import { withCopies } from './stream-copies.ts'
import { programVersion } from './version.ts'

const HELP = `
Without FILEs it plays the recordings of real scanners that come with the package, in about 20 seconds.
With FILEs it plays those as fast as it can. Then it stays up until Ctrl-C.

Examples:
  stormpetrel up
  stormpetrel up captures/ today.pcap.gz`

interface UpOptions {
  readonly sensor?: string
}

/** How long the sample captures take: long enough to see the page move. */
const SAMPLES_SECONDS = 20

/** Adds the verb to the program. */
export function registerUp(program: Command, context: CliContext): void {
  program
    .command('up')
    .summary('everything in one process, with a page')
    .description('Runs sensor, tagger, aggregator and console in one process, plays captures, and stays up.')
    .argument('[FILE...]', 'captures, folders of captures, or - (default: the samples of the package)')
    .option('--sensor <id>', 'the sensor that the captures are of, as sensors.yaml declares it')
    .addHelpText('after', HELP)
    .action((files: string[], options: UpOptions) => up(context, files, options))
}

async function up(context: CliContext, paths: readonly string[], options: UpOptions): Promise<void> {
  const named = paths.length === 0 ? await sampleCaptures() : await inputFiles(paths)
  await withCopies(named, async (copied) => {
    const { files, repeats } = await distinctFiles(copied)
    noteRepeats(context, repeats)
    await playAndStay(context, files, paths.length === 0, options)
  })
}

async function playAndStay(
  context: CliContext,
  files: readonly CaptureFile[],
  areSamples: boolean,
  options: UpOptions
): Promise<void> {
  const [{ loadWorld }, { Up }, { Life, withParts }, { processLog }, { zonesOf }] = await Promise.all([
    import('../services/tagger/world.ts'),
    import('../services/up/up.ts'),
    import('../services/life.ts'),
    import('../services/log.ts'),
    import('../services/zones.ts')
  ])
  const configuration = context.configuration()
  const { world, sensors, notes } = await loadWorld(configuration, false)
  const sensor = chooseSensor(sensors, options.sensor).id
  const life = new Life()
  const service = new Up({
    files,
    sensor,
    playSeconds: areSamples ? SAMPLES_SECONDS : 0,
    world,
    zones: zonesOf(configuration),
    http: { host: configuration.httpHost, port: configuration.httpPort },
    version: programVersion(),
    notes,
    log: processLog('up'),
    onFailure: life.fail
  })
  await withParts([service], async () => {
    // Whoever waits for the lines below may end it as soon as they are there.
    const ended = life.untilEnd()
    const url = service.url
    const what = areSamples
      ? `the ${files.length} sample captures`
      : `${files.length} ${files.length === 1 ? 'capture' : 'captures'}`
    context.stdout.write(
      `Stormpetrel is up, and plays ${what}.\n  page     ${url}/\n  metrics  ${url}/metrics\nCtrl-C ends it.\n`
    )
    const played = service.play().then((failures) => {
      for (const { error } of failures) context.fail(error)
      context.stdout.write(
        `Played: ${service.countedPackets} packets counted, ${service.rejectedFrames} frames rejected.\n`
      )
    })
    played.catch(life.fail)
    await ended
  })
}
