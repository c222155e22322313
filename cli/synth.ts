// `synth`: a declared scenario as captures, so that everything can be seen at work without a telescope.
import { type Command, InvalidArgumentError } from 'commander'
import { StormpetrelError } from '../core/errors.ts'
import { parseCalendarDay } from '../core/windows/calendar-day.ts'
import type { Scenario } from '../core/synth/scenario.ts'
import type { CliContext } from './context.ts'

const HELP = `
The captures are synthetic: nobody has seen these packets. They say so in their names, and sensors.yaml says it of them.
A scenario is a YAML file (docs/scenarios.md); those that come with the program go by their names. The same scenario, seed
and number of packets give the same bytes, and any day of it is the same whichever others are made.

DIR gets a folder for each sensor with a capture a day, and sensors.yaml. Other verbs take DIR as it is.

Examples:
  stormpetrel synth --scenario tsubame-2022q2 --out synthetic --packets-per-day 20000
  stormpetrel report --quarter 2022Q2 --sensors-in JP --out report synthetic
  stormpetrel synth --scenario quiet --out - --from 2022-04-01 --to 2022-04-07 | stormpetrel tag -`

interface SynthOptions {
  readonly scenario: string
  readonly out: string
  readonly packetsPerDay: number
  readonly seed: number
  readonly from?: number
  readonly to?: number
}

/** Adds the verb to the program. */
export function registerSynth(program: Command, context: CliContext): void {
  program
    .command('synth')
    .summary('a declared scenario as synthetic captures')
    .description(
      'Writes captures of a scenario: real packets on the wire, made by the rules of the tools that they stand for.'
    )
    .requiredOption('--scenario <name>', 'a scenario that comes with the program, or a file')
    .requiredOption(
      '--out <dir>',
      'the folder for captures and sensors.yaml, or - for one capture on standard output'
    )
    .option(
      '--packets-per-day <n>',
      'at all sensors together, 100 to 10000000',
      whole(100, 10_000_000),
      20_000
    )
    .option('--seed <n>', 'which of its many equals', whole(0, 2 ** 32 - 1), 1)
    .option('--from <day>', 'from this day of the scenario on, such as 2022-04-01', dayOf)
    .option('--to <day>', 'up to this day, which is the last', dayOf)
    .addHelpText('after', HELP)
    .action((options: SynthOptions) => synth(context, options))
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`it must be a whole number from ${least} to ${most}`)
  }
}

function dayOf(text: string): number {
  const day = parseCalendarDay(text)
  if (day !== null) return day
  throw new InvalidArgumentError('it must be a day such as 2022-04-01')
}

async function synth(context: CliContext, options: SynthOptions): Promise<void> {
  const [{ readScenario }, { loadGeo }, { DayMaker }, { RegionSpace }, captures] = await Promise.all([
    import('../adapters/scenario-files.ts'),
    import('../services/tagger/world.ts'),
    import('../core/synth/day-maker.ts'),
    import('../core/synth/region-space.ts'),
    import('../adapters/synthetic-captures.ts')
  ])
  const scenario = await readScenario(options.scenario)
  const { region } = await loadGeo(context.configuration(), { region: true, asn: false })
  const space = new RegionSpace(region!.arrays, (address) => region!.lookup4(address))
  refuseUnknownRegions(scenario, space)
  const { packetsPerDay, seed } = options
  const maker = new DayMaker(scenario, { packetsPerDay, seed }, space)
  const days = daysOf(scenario, options)
  if (options.out === '-') await captures.streamCapture(context.stdout, maker, days)
  else {
    const packets = await captures.writeCaptures(options.out, scenario, maker, days)
    context.note(
      `${packets} synthetic packets of scenario ${scenario.name}, ${days[1] - days[0]} days, written to ${options.out}`
    )
  }
}

function daysOf(scenario: Scenario, { from, to }: SynthOptions): [number, number] {
  const [first, end] = [
    Math.max(scenario.fromDay, from ?? 0),
    Math.min(scenario.toDay, (to ?? Number.POSITIVE_INFINITY) + 1)
  ]
  if (first < end) return [first, end]
  throw new StormpetrelError(
    'SP_USAGE',
    `synth: scenario ${scenario.name} has no day from --from to --to; leave them out for all`
  )
}

function refuseUnknownRegions(
  scenario: Scenario,
  space: { has(region: string, space: 'region' | 'known-scanners'): boolean }
): void {
  for (const flow of scenario.flows) {
    for (const { region } of flow.regions) {
      if (space.has(region, flow.space)) continue
      throw new StormpetrelError(
        'SP_SCENARIO_FILE',
        `scenario ${scenario.name}, flow ${flow.name}: region ${region} has no ${flow.space === 'region' ? 'addresses in the geo data' : 'known scanner'}; name another one`
      )
    }
  }
}
