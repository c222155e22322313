// The command line of a chaos run.
import { Command, InvalidArgumentError } from 'commander'
import { type FaultKind, KINDS, LOSS_KINDS } from './fault-log.ts'

/** Which check is taken out of a copy of apply-slot.lua, to see that the run can fail. */
export type MissingCheck = 'seen-check' | 'offset-check'

/** What a run does. */
export interface ChaosOptions {
  /** How long faults come; set-up, draining and comparing take longer. */
  readonly minutes: number
  readonly seed: number
  /** Packets a second, over all sensors. */
  readonly rate: number
  /** Seconds of packet time a second. */
  readonly speed: number
  /** Faults in ten minutes, about. */
  readonly faults: number
  readonly redisLoss: boolean
  /** Only these kinds of faults. */
  readonly only: readonly FaultKind[] | undefined
  readonly without: MissingCheck | undefined
  /** Compares with a second count of the same files without faults: unique sources, regions, AS numbers. */
  readonly calm: boolean
  readonly python: boolean
  /** Data, logs and captures are kept here. */
  readonly keep: string | undefined
}

const ALL_KINDS: readonly FaultKind[] = [...KINDS, ...LOSS_KINDS]

/** The kinds of faults that a run draws from. */
export function kindsOfRun({ only, redisLoss }: ChaosOptions): readonly FaultKind[] {
  return only ?? (redisLoss ? ALL_KINDS : KINDS)
}

/** Reads the arguments behind `npm run chaos --`; ends the process where they are wrong. */
export function parseOptions(argv: readonly string[]): ChaosOptions {
  const command = new Command('npm run chaos --')
    .description(
      'Kills, stops and cuts off every part of the real stack at random while four sensors follow capture files, and ' +
        'holds every count against a truth counted from the files by other code. The last line is a JSON object.'
    )
    .option('--minutes <minutes>', 'how long faults come', positive, 10)
    .option('--seed <number>', 'of the frames and the order of the faults', whole, 1)
    .option('--rate <packets>', 'packets a second, over all sensors', positive, 50_000)
    .option('--speed <factor>', 'seconds of packet time a second', positive, 20)
    .option('--faults <number>', 'faults in ten minutes, about', positive, 75)
    .option('--redis-loss', 'Redis loses data too: a cut or an old append-only file, FLUSHALL', false)
    .option('--only <kinds>', `only these kinds of faults, of ${ALL_KINDS.join(', ')}`, kindsOf)
    .option('--without <check>', 'take seen-check or offset-check out of a copy of the script', missing)
    .option('--no-calm', 'leave out the second count of the same files, without faults')
    .option('--no-python', 'leave out the Python reader of packets.enriched')
    .option('--keep <folder>', 'keep data, logs and captures in this folder, which must be empty')
    .parse([...argv], { from: 'user' })
  return command.opts<ChaosOptions>()
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('A number above 0 is needed.')
  return value
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number is needed.')
  return Number(text)
}

function kindsOf(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = ALL_KINDS.find((each) => each === name)
    if (kind === undefined) throw new InvalidArgumentError(`${name} is none of ${ALL_KINDS.join(', ')}.`)
    return kind
  })
}

function missing(text: string): MissingCheck {
  if (text === 'seen-check' || text === 'offset-check') return text
  throw new InvalidArgumentError('It is seen-check or offset-check.')
}
