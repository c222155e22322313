// A page to PDF by a headless Chromium, where one is installed.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StormpetrelError } from '../core/errors.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
/** It loads nothing, and asks nobody. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-pdf-header-footer'
]
const LIMIT_MS = 120_000

/** The program's path; null where none is installed. */
export function findChromium(path: string = process.env['PATH'] ?? ''): string | null {
  for (const folder of path.split(delimiter)) {
    const found = NAMES.map((name) => join(folder, name)).find((candidate) => existsSync(candidate))
    if (found !== undefined) return found
  }
  return null
}

/** Prints an HTML file. Throws SP_FILE_UNREADABLE where it gives none. */
export async function printPdf(chromium: string, html: string, pdf: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-chromium-'))
  try {
    const args = [...FLAGS, `--user-data-dir=${folder}`, `--print-to-pdf=${pdf}`, pathToFileURL(html).href]
    const child = spawn(chromium, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null))
      child.once('close', resolve)
    })
    clearTimeout(timer)
    if (code === 0 && existsSync(pdf)) return
    throw new StormpetrelError(
      'SP_FILE_UNREADABLE',
      `${pdf}: ${chromium} did not print it (${said.trim() || String(code)})`
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
