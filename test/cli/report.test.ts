// What `report` asks for, refuses and leaves behind; its numbers are in test/shown-by and test/core/report.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { PROGRAM } from '../shown-by/oracle/program.ts'
import { newFolder, syn, writeCapture, writeDamaged } from './capture-files.ts'
import { stormpetrel } from './collected-output.ts'

const DAY = ['--from', '2022-05-10', '--to', '2022-05-11', '--no-pdf'] as const

function numbersOf(out: string): {
  readonly totals: { readonly packets: number }
  readonly quality: { readonly damagedFiles: number; readonly rejectedFrames: readonly object[] }
} {
  return JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as never
}

describe('what is asked', () => {
  test.each([
    [['--from', '2022-05-10'], 'give --quarter, or --from and --to'],
    [['--quarter', '2022Q2', '--from', '2022-05-10'], 'give --quarter, or --from and --to'],
    [['--quarter', 'spring'], "--quarter 'spring'"],
    [['--quarter', '2022Q2', '--compare', 'spring'], "--compare 'spring'"],
    [['--quarter', '2022Q2', '--sensor', 'a'], '--sensor is for captures'],
    [['--quarter', '2022Q2', '--sensors-in', 'japan'], 'two capital letters']
  ] as const)('%j is refused', async (asked, why) => {
    const { exitCode, stderr } = await stormpetrel(['report', ...asked, '--out', newFolder()])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(why)])
  })

  test('a period without a day in the captures is refused', async () => {
    const file = writeCapture(newFolder(), 'a.pcap', [syn(1, 23)])
    const asked = ['--from', '2022-06-01', '--to', '2022-06-02', '--no-pdf']
    const { exitCode, stderr } = await stormpetrel(['report', ...asked, '--out', newFolder(), file])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('there is no day of 2022-06-01')])
  })
})

test('a damaged capture is used up to its damage, and said on the page', async () => {
  const folder = newFolder()
  const damaged = writeDamaged(folder, 'b.pcap', [syn(1, 23), syn(2, 23), syn(3, 23)])
  const out = path.join(folder, 'out')
  const { exitCode, stderr } = await stormpetrel(['report', ...DAY, '--out', out, damaged])

  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('b.pcap')])
  expect(numbersOf(out)).toMatchObject({ totals: { packets: 2 }, quality: { damagedFiles: 1 } })
  expect(readFileSync(path.join(out, 'report.html'), 'utf8')).toContain(
    '1 capture files could be read in part'
  )
})

test('what an earlier report left in the folder is gone, and nothing else', async () => {
  const folder = newFolder()
  const file = writeCapture(folder, 'a.pcap', [syn(1, 23), syn(2, 22)])
  const out = path.join(folder, 'out')
  mkdirSync(out)
  for (const name of ['report.pdf', 'vantages-ports.csv', 'notes.txt'])
    writeFileSync(path.join(out, name), 'old')
  expect((await stormpetrel(['report', ...DAY, '--out', out, file])).exitCode).toBe(0)

  const names = readdirSync(out)
  expect(names).toContain('notes.txt')
  expect(names).toContain('report.html')
  expect(names).not.toContain('report.pdf')
  expect(names).not.toContain('vantages-ports.csv')
})

test('standard input is read as any capture, and its name says that it is synthetic', () => {
  const folder = newFolder()
  const file = writeCapture(folder, 'synthetic-made-up-local-2022-05-10.pcap', [syn(1, 23), syn(2, 22)])
  const report = (name: string, input: string | undefined, argument: string): string => {
    const out = path.join(folder, name)
    execFileSync(process.execPath, [PROGRAM, 'report', ...DAY, '--out', out, argument], {
      input: input === undefined ? undefined : readFileSync(input),
      stdio: [undefined, 'ignore', 'pipe']
    })
    return readFileSync(path.join(out, 'report.json'), 'utf8')
  }
  const ofFile = report('of-file', undefined, file)
  const ofStream = report('of-stream', file, '-')
  expect(JSON.parse(ofFile)).toMatchObject({ synthetic: 'made-up-local', totals: { packets: 2 } })
  // A stream has no name.
  expect(JSON.parse(ofStream)).toEqual({ ...(JSON.parse(ofFile) as object), synthetic: null })
})
