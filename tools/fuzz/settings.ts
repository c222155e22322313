// What a run is asked for on the command line.
import { parseArgs } from 'node:util'
import { PLANTED } from './planted.ts'
import type { Input, TargetName } from './target.ts'

const USAGE = `usage: npm run fuzz -- [--seconds 60 | --inputs 50000000] [--seed N] [--seeds FOLDER]... [--planted NAME]
       npm run fuzz -- --replay TARGET:DETAIL:HEX [--planted NAME]

Gives captures and frames, made from those in the folders, to the capture reader, the batcher, the header decoder and
the tagger, and checks every promise on every input. Exit code 1: a promise was broken. --planted puts a bug in, to see
that it is found: ${Object.keys(PLANTED).join(', ')}.`

const FOLDERS = ['../shared/data/captures', 'test/data/samples']

/** One run. The same seed, folders and inputs give the same run. */
export interface Settings {
  readonly seed: number
  /** Whichever comes first. */
  readonly seconds: number
  readonly inputs: number
  readonly folders: readonly string[]
  readonly planted: string | null
  /** One input to give, in place of a run. */
  readonly replay: { readonly target: TargetName; readonly input: Input } | null
}

/** The settings, or a text for a person who typed something else. */
export function parseSettings(args: readonly string[]): Settings | string {
  const options = {
    seconds: { type: 'string' },
    inputs: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string', multiple: true },
    planted: { type: 'string' },
    replay: { type: 'string' },
    help: { type: 'boolean' }
  } as const
  try {
    const { values } = parseArgs({ args: [...args], options })
    const isBounded = values.seconds !== undefined || values.inputs !== undefined
    const seconds = numberOf(values.seconds, isBounded ? Number.POSITIVE_INFINITY : 60)
    const planted = values.planted ?? null
    if (values.help === true || (planted !== null && !Object.hasOwn(PLANTED, planted))) return USAGE
    return {
      seed: numberOf(values.seed, Math.floor(Math.random() * 2 ** 31)),
      seconds,
      inputs: numberOf(values.inputs, Number.POSITIVE_INFINITY),
      folders: values.seeds ?? FOLDERS,
      planted,
      replay: values.replay === undefined ? null : parseReplay(values.replay)
    }
  } catch (error) {
    if (error instanceof TypeError) return `${error.message}\n${USAGE}`
    throw error
  }
}

/** How `--replay` is given an input. */
export function formatReplay(target: TargetName, { detail, bytes }: Input): string {
  return `${target}:${detail}:${Buffer.from(bytes).toString('hex')}`
}

function parseReplay(text: string): Settings['replay'] {
  const match = /^(frame|capture):(-?\d+):((?:[0-9a-f]{2})*)$/i.exec(text)
  if (match === null) throw new TypeError(`--replay wants TARGET:DETAIL:HEX, not ${text.slice(0, 40)}`)
  const bytes = Uint8Array.from(Buffer.from(match[3]!, 'hex'))
  return { target: match[1] as TargetName, input: { detail: Number(match[2]), bytes } }
}

function numberOf(text: string | undefined, absent: number): number {
  if (text === undefined) return absent
  const number = Number(text)
  if (!(number >= 0)) throw new TypeError(`${text} is no number of 0 or more`)
  return number
}
