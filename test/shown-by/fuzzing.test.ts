// The fuzzer as people run it, with a new seed each time: it finds nothing in the product, and what is planted in it.
// A longer run is `npm run fuzz -- --seconds 600`; docs/reliability.md has the longest.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { PLANTED } from '../../tools/fuzz/planted.ts'

const ROOT = join(__dirname, '../..')
const SECONDS = process.env['CI'] === undefined ? 10 : 60
/** A planted bug is found in one or two where a core is free; the run ends with it. */
const PLANTED_SECONDS = '60'
/** The seconds of a run, and a search for a smaller input, on a machine that others use too. */
const TIMEOUT_MS = 240_000

interface Run {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs what `npm test` built. */
function fuzz(...args: readonly string[]): Promise<Run> {
  const program = join(ROOT, 'dist', 'tools', 'fuzz', 'main.js')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: ROOT })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
  })
}

function lineOf(stdout: string, word: string): string | undefined {
  return stdout.split('\n').find((line) => line.startsWith(word))
}

test(
  'no input of a run breaks a promise',
  async () => {
    const { exitCode, stdout } = await fuzz('--seconds', String(SECONDS))

    process.stdout.write(stdout)
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/no promise was broken\n$/)
    })
    expect(lineOf(stdout, 'seed ')).toMatch(/^seed +\d+$/)
    expect(lineOf(stdout, 'bytes ')).toMatch(/rejected$/)
  },
  TIMEOUT_MS
)

describe('a planted bug', () => {
  const broken: Readonly<Record<string, RegExp>> = {
    throw: /RangeError: planted/,
    'lost-frame': /every byte is accounted for/,
    'short-cut': /what is kept decodes as the packet does/,
    hang: /an input ends/,
    memory: /memory is bounded by the input/
  }

  test.each(Object.keys(PLANTED))(
    '%s is found, and its smallest input shows it again',
    async (name) => {
      const { exitCode, stdout } = await fuzz('--seconds', PLANTED_SECONDS, '--planted', name)
      const replay = lineOf(stdout, 'replay ')?.split(' ').at(-1)

      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: expect.stringMatching(broken[name]!) })
      expect(lineOf(stdout, 'seed ')).toMatch(/^seed +\d+, with the bug/)
      expect((await fuzz('--replay', replay!, '--planted', name)).stdout).toMatch(broken[name]!)
      expect(await fuzz('--replay', replay!)).toMatchObject({ exitCode: 0 })
    },
    TIMEOUT_MS
  )
})

test('the same seed gives the same inputs', async () => {
  const [first, second] = await Promise.all([1, 2].map(() => fuzz('--inputs', '60000', '--seed', '5')))

  expect(lineOf(first!.stdout, 'features ')).toMatch(/SHA-256 [0-9a-f]{64}$/)
  expect(lineOf(first!.stdout, 'features ')).toBe(lineOf(second!.stdout, 'features '))
})

test('without the seeds that CI must have, there is no run', async () => {
  const { exitCode, stderr } = await fuzz('--inputs', '10', '--seeds', 'no-such-folder')

  expect([exitCode, stderr]).toEqual([2, 'fuzz: no captures: there is no folder no-such-folder\n'])
})

test('an option that is not known is refused', async () => {
  expect(await fuzz('--planted', 'nothing')).toMatchObject({ exitCode: 2, stdout: '' })
})
