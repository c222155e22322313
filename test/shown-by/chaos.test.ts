// The short form of `npm run chaos`: faults at random on the real stack end exact, and without a check they do not.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { KINDS, LOSS_KINDS } from '../../tools/chaos/fault-log.ts'
import { checkoutFolder } from '../../tools/stack/checkout.ts'

/** The last line of a run. */
interface LastLine {
  readonly packets: number
  readonly counted: number
  readonly lost: number
  readonly doubled: number
  readonly differing: number
  readonly rewinds: number
  readonly faults: Readonly<Record<string, number>>
  readonly [other: string]: unknown
}

/** Of the runs without a check, which need not be compared further. */
const BARE = '--no-calm --no-python'
const LIMIT_MS = 900_000
const SEED = 1
/** A run without a check shows it by chance: so many seeds are tried until one does. */
const SEEDS = [1, 2, 3] as const

interface Run {
  readonly exitCode: number | null
  readonly last: LastLine
  readonly said: string
}

/** The first run that shows it, or the last one. */
async function untilShown(isShown: (last: LastLine) => boolean, ...options: readonly string[]): Promise<Run> {
  let run = await chaos(SEEDS[0], ...options)
  for (const seed of SEEDS.slice(1)) if (!isShown(run.last)) run = await chaos(seed, ...options)
  return run
}

/** Runs it to its end, and gives what it said. */
function chaos(seed: number, ...options: readonly string[]): Promise<Run> {
  const child = spawn(
    process.execPath,
    [
      path.join(checkoutFolder(), 'tools/setup/chaos.mjs'),
      '--seed',
      `${seed}`,
      ...options.join(' ').split(' ')
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] }
  )
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('close', (exitCode) => {
      const said = stderr + stdout
      const last = stdout.trimEnd().split('\n').at(-1) ?? ''
      if (last.startsWith('{')) resolve({ exitCode, last: JSON.parse(last) as LastLine, said })
      else reject(new Error(`chaos ended with ${exitCode} and no result: ${said}`))
    })
  })
}

describe('chaos', () => {
  test(
    '90 seconds of faults on every part end exact: packets, unique sources, the ledger, and a Python reader',
    async () => {
      const { exitCode, last, said } = await chaos(SEED, '--minutes 1.5 --rate 5000 --faults 200')

      const exact = {
        lost: 0,
        doubled: 0,
        differing: 0,
        ledger: 0,
        answers: 0,
        sources: 0,
        calm: 0,
        reader: 0
      }
      expect({ said, ...last }).toMatchObject({ ...exact, drained: true, counted: last.packets })
      expect(exitCode).toBe(0)
      expect(Object.keys(last.faults).sort()).toEqual([...KINDS].sort())
    },
    LIMIT_MS
  )

  test(
    'without the seen-check of the script packets are counted twice',
    async () => {
      // What arrived and was not acknowledged is sent again, by sensors and by taggers.
      const faults = '--only cut --faults 200'
      const { exitCode, last } = await untilShown(
        ({ doubled }) => doubled > 0,
        '--without seen-check --minutes 0.75 --rate 5000',
        faults,
        BARE
      )

      expect(last.doubled).toBeGreaterThan(0)
      expect(exitCode).toBe(1)
    },
    LIMIT_MS
  )

  test(
    'without the offset-check of the script packets are lost when Redis loses data',
    async () => {
      // At a low rate flushes are short: Redis is mostly killed between two of them, where no other check sees the loss.
      const faults = '--only redis-cut-aof --faults 240'
      const { exitCode, last } = await untilShown(
        ({ lost }) => lost > 0,
        '--without offset-check --minutes 0.75 --rate 800',
        faults,
        BARE
      )

      expect(last.lost).toBeGreaterThan(0)
      expect(exitCode).toBe(1)
    },
    LIMIT_MS
  )

  test(
    'when Redis loses data, aggregators read again, and all is exact',
    async () => {
      const faults = `--only ${LOSS_KINDS.join(',')},kill-aggregator --faults 200`
      const { exitCode, last, said } = await chaos(SEED, '--minutes 0.75 --rate 5000 --no-python', faults)

      const exact = { lost: 0, doubled: 0, differing: 0, ledger: 0, sources: 0, calm: 0 }
      expect({ said, ...last }).toMatchObject(exact)
      expect(last.rewinds).toBeGreaterThan(0)
      expect(exitCode).toBe(0)
    },
    LIMIT_MS
  )
})
