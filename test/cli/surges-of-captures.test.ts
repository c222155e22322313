// Surges of captures: what the detector would have told of them, and what the same hours say as rows of counts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { HeaderCaptureWriter } from '../../core/capture/header-capture.ts'
import { synPacket } from '../builders/frames.ts'
import { poisson } from '../builders/poisson.ts'
import { parseLines, stormpetrel } from './collected-output.ts'

const START = 1_650_000_000 - (1_650_000_000 % 86_400)
const DAYS = 24
const STEP_HOUR = 21 * 24 + 7
const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-surges-'))
const file = join(folder, 'step.pcap')

/** SYNs to 23/TCP of sources that come once each; four times as many from an hour on. */
beforeAll(() => {
  const writer = new HeaderCaptureWriter()
  writer.reset()
  let source = 0
  for (let hour = 0; hour < DAYS * 24; hour++) {
    const packets = poisson(hour >= STEP_HOUR ? 160 : 40, hour)
    for (let i = 0; i < packets; i++) {
      source += 1
      const syn = synPacket({
        src: [10, (source >> 16) & 255, (source >> 8) & 255, source & 255],
        dstPort: 23
      })
      writer.add(START + hour * 3600 + Math.floor((3600 * i) / packets), 0, syn, 0, syn.length, syn.length)
    }
  }
  writeFileSync(file, writer.finish())
})

afterAll(() => rmSync(folder, { recursive: true }))

test('a step in captures is found when it came, and the same in rows of counts', async () => {
  const { stdout, stderr, exitCode } = await stormpetrel(['surges', file])
  expect([exitCode, stderr]).toEqual([0, ''])
  const rows = parseLines(stdout)
  const ofPort = rows.filter(({ series }) => series === 'port=23/TCP')
  expect(ofPort).toMatchObject([{ kind: 'step', state: 'open', closed: null }])
  const onset = Date.parse(String(ofPort[0]!.onset)) / 1000
  expect(Math.abs(onset - START - STEP_HOUR * 3600)).toBeLessThanOrEqual(3600)

  const counted = await stormpetrel(['counts', '--by', 'port', '--window', 'hour', '--sources', file])
  const lines = parseLines(counted.stdout).map(({ window_start, port, packets, sources }) =>
    [`port=${String(port)}`, window_start, packets, sources].join(',')
  )
  const csv = join(folder, 'hours.csv')
  writeFileSync(csv, `series,window_start,packets,sources\n${lines.join('\n')}\n`)
  const ofCounts = await stormpetrel(['surges', '--counts', csv])
  expect(parseLines(ofCounts.stdout).map(inShort)).toEqual(ofPort.map(inShort))
})

/** What does not hang on how exactly sources are known. */
function inShort({ series, kind, state, onset, detected, closed }: Record<string, unknown>): unknown[] {
  return [series, kind, state, onset, detected, closed]
}

test('captures, a run and rows of counts are one or the other', async () => {
  for (const args of [
    [file, '--run', 'x'],
    [file, '--counts', 'y'],
    ['--run', 'x', '--counts', 'y']
  ]) {
    const { stderr, exitCode } = await stormpetrel(['surges', ...args])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('choose one of them')])
  }
})

test('an option that changes nothing of the answer is refused', async () => {
  for (const [args, why] of [
    [['--false-alarms', '0.1'], '--false-alarms changes nothing of the live store'],
    [['--counts', 'y', '--pages-per-quarter', '1'], '--pages-per-quarter changes nothing of --counts'],
    [['--run', 'x', '--sensor', 'a'], '--sensor changes nothing of --run']
  ] as const) {
    const { stderr, exitCode } = await stormpetrel(['surges', ...args])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(why)])
  }
})
