// The report's pages in the real Chromium: they print, and axe-core finds nothing that keeps anybody from reading them.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import axe from 'axe-core'
import { findChromium, printPdf } from '../../adapters/chromium.ts'
import { PROGRAM } from './oracle/program.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-pages-'))
  const captures = path.join(folder, 'captures')
  const days = ['--from', '2022-05-20', '--to', '2022-06-10']
  run('synth', '--scenario', 'tsubame-2022q2', '--packets-per-day', '2000', ...days, '--out', captures)
  for (const lang of ['ja', 'en']) {
    const asked = [
      '--from',
      '2022-06-01',
      '--to',
      '2022-06-11',
      '--sensors-in',
      'JP',
      '--tz',
      'Asia/Tokyo',
      '--lang',
      lang
    ]
    run('report', ...asked, '--out', path.join(folder, lang), captures)
  }
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(...args: readonly string[]): void {
  execFileSync(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Violations that axe-core finds in a page, as Chromium shows it. */
function violations(lang: string): string[] {
  const page = readFileSync(path.join(folder, lang, 'report.html'), 'utf8')
  const ask = `<script>${axe.source}</script><script>axe.run().then((found) => { const answer = document.createElement('pre'); answer.id = 'axe-answer'; answer.textContent = JSON.stringify({ passes: found.passes.length, violations: found.violations.map((each) => each.id + ': ' + each.nodes.map((node) => node.html).join(' ').slice(0, 300)) }); document.body.append(answer) })</script></body>`
  const file = path.join(folder, `${lang}-axe.html`)
  writeFileSync(
    file,
    page.replace('</body>', () => ask)
  )
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    `--user-data-dir=${path.join(folder, 'profile')}`
  ]
  const dom = execFileSync(
    findChromium()!,
    [...flags, '--virtual-time-budget=20000', '--dump-dom', `file://${file}`],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'ignore']
    }
  )
  const answer = /<pre id="axe-answer">(.*?)<\/pre>/s.exec(dom)?.[1]
  if (answer === undefined) throw new Error('axe-core gave no answer')
  const { passes, violations: found } = JSON.parse(
    answer.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
  ) as {
    readonly passes: number
    readonly violations: string[]
  }
  expect(passes).toBeGreaterThan(10)
  return found
}

test.each(['ja', 'en'])(
  'axe-core finds no violation in the report in %s',
  (lang) => {
    expect(violations(lang)).toEqual([])
  },
  120_000
)

test('it is printed by the real Chromium, beside the page', async () => {
  const pdf = path.join(folder, 'again.pdf')
  await printPdf(findChromium()!, path.join(folder, 'ja', 'report.html'), pdf)
  for (const file of [pdf, path.join(folder, 'ja', 'report.pdf')])
    expect(readFileSync(file).subarray(0, 5).toString()).toBe('%PDF-')
  await expect(
    printPdf('/bin/false', path.join(folder, 'ja', 'report.html'), path.join(folder, 'none.pdf'))
  ).rejects.toMatchObject({
    message: expect.stringContaining('did not print it')
  })
}, 120_000)
