// The report's pages in the real Chromium: they print, and axe-core finds nothing that keeps anybody from reading them.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import axe from 'axe-core'
import { findChromium, printPdf } from '../../adapters/chromium.ts'
import { packageRoot } from '../../adapters/package-root.ts'
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
  const internal = ['--audience', 'internal', '--quarter', '2022Q2', '--out', path.join(folder, 'internal')]
  run('report', ...internal, captures)
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

test('report.json is what its JSON schema says, and nothing else', () => {
  const ajv = new Ajv2020({ strictRequired: true, allowUnionTypes: true, allErrors: true })
  formats.default(ajv)
  const schema = JSON.parse(
    readFileSync(path.join(packageRoot(), 'docs/report.schema.json'), 'utf8')
  ) as object
  const isValid = ajv.compile(schema)
  for (const name of ['ja', 'en', 'internal']) {
    const report = JSON.parse(readFileSync(path.join(folder, name, 'report.json'), 'utf8')) as Report
    isValid(report)
    expect([name, isValid.errors]).toEqual([name, null])
    // It says no to what is not so.
    for (const wrong of [
      { ...report, more: 1 },
      { ...report, totals: { ...report.totals, packets: -1 } },
      { ...report, period: { ...report.period, from: 'April' } }
    ])
      expect(isValid(wrong)).toBe(false)
  }
})

interface Report {
  readonly totals: object
  readonly period: object
}
