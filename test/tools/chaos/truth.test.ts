// The truth of a chaos run shares no code with the product, so the two must agree where nothing goes wrong.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CaptureWriter } from '../../../tools/chaos/capture-writer.ts'
import { Random } from '../../../tools/chaos/random.ts'
import { FORMATS } from '../../../tools/chaos/load.ts'
import { pythonOf } from '../../../tools/chaos/truth.ts'
import { checkoutFolder } from '../../../tools/stack/checkout.ts'
import { parseLines, stormpetrel } from '../../cli/collected-output.ts'

const FRAMES = 4000
const SENSOR = 'local'
let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-truth-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function writeCaptures(name: string, seed: number): string[] {
  return FORMATS.map((format, i) => {
    const own = path.join(folder, `${name}-${i}`)
    mkdirSync(own)
    const random = new Random(seed + i)
    const where = { darkPrefix: 0x853200 + i, sources: 500, startSeconds: 1_700_000_000 }
    return new CaptureWriter({ folder: own, random, format, ...where }).write(FRAMES, 300)
  })
}

/** Series of all minutes together, and the totals, by truth.py. */
function truthOf(files: readonly string[]) {
  const input = files.map((file) => `${SENSOR} ZZ ${file}\n`).join('')
  const script = path.join(checkoutFolder(), 'tools/chaos/truth.py')
  const lines = parseLines(
    execFileSync(pythonOf(), [script], { input, encoding: 'utf8', maxBuffer: 1 << 28 })
  )
  const minutes = new Map<string, number>()
  for (const { size, start, vantage, packets } of lines.slice(1)) {
    if (size !== 'minute' || vantage !== 'all') continue
    for (const [series, count] of Object.entries(packets as Record<string, number>))
      if (series.includes(',tag=')) minutes.set(`${start as number} ${series}`, count)
  }
  return { totals: lines[0]!, minutes }
}

test('every generated frame is counted alike by the truth and by the product', async () => {
  const files = writeCaptures('all', 1)
  const { totals, minutes } = truthOf(files)

  const question = ['counts', '--by', 'port,tag', '--window', 'minute', '--format', 'ndjson']
  const { stdout } = await stormpetrel([...question, ...files])

  const product = new Map(
    parseLines(stdout).map(({ window_start: start, port, tag, packets }) => {
      const seconds = Date.parse(start as string) / 1000
      return [`${seconds} port=${port as string},tag=${(tag as string | null) ?? ''}`, packets as number]
    })
  )
  expect(totals.frames).toBe(FRAMES * files.length)
  expect(product).toEqual(minutes)
})

test('every frame that is no packet is rejected for the same reason', async () => {
  const files = writeCaptures('rejected', 11)
  const { totals } = truthOf(files)

  const reasons = new Map<string, number>()
  for (const { rejected } of parseLines((await stormpetrel(['tag', '--format', 'ndjson', ...files])).stdout))
    if (rejected !== null) reasons.set(rejected as string, (reasons.get(rejected as string) ?? 0) + 1)

  const { [SENSOR]: expected } = totals.rejected as Record<string, Record<string, number>>
  expect(Object.fromEntries(reasons)).toEqual(expected)
})

test('the same seed writes the same files, and another one others', () => {
  const [one, again, other] = [
    writeCaptures('one', 5),
    writeCaptures('again', 5),
    writeCaptures('other', 6)
  ].map((files) => readFileSync(files[0]!).toString('base64'))

  expect(again).toBe(one)
  expect(other).not.toBe(one)
})
