// A report into its folder.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StormpetrelError } from '../core/errors.ts'
import { reportCsv, reportJson } from '../core/report/files.ts'
import { reportHtml } from '../core/report/html.ts'
import type { ReportModel } from '../core/report/model.ts'
import type { CliContext } from './context.ts'

/** Where it goes, and for whom. */
export interface ReportTarget {
  readonly out: string
  readonly lang: 'ja' | 'en'
  readonly audience: 'public' | 'internal'
  /** Whether it is printed, too, where Chromium is installed. */
  readonly pdf: boolean
}

/** Writes every file of a report, and says so. Throws SP_FILE_UNREADABLE. */
export async function writeReport(
  context: CliContext,
  model: ReportModel,
  target: ReportTarget
): Promise<void> {
  const { out, lang, audience, pdf } = target
  const files = new Map([
    ['report.html', reportHtml(model, { language: lang, audience })],
    ['report.json', reportJson(model, audience)],
    ...reportCsv(model)
  ])
  try {
    await mkdir(out, { recursive: true })
    // What an earlier report left may be for other readers, and of other numbers.
    for (const name of await readdir(out)) if (isOfReport(name)) await rm(join(out, name))
    for (const [name, content] of files) await writeFile(join(out, name), content)
  } catch (error) {
    throw new StormpetrelError(
      'SP_FILE_UNREADABLE',
      `${out}: ${(error as Error).message}; see that it may be written to`,
      {
        cause: error
      }
    )
  }
  if (pdf) await printed(context, out)
  context.note(`report of ${model.period.label} written to ${out}`)
}

/** Names that reports have. */
function isOfReport(name: string): boolean {
  return /^(report\.(html|json|pdf)|(table|figure|vantages)-[a-z0-9-]+\.csv|(mirai-ports|surges)\.csv)$/.test(
    name
  )
}

async function printed(context: CliContext, out: string): Promise<void> {
  const { findChromium, printPdf } = await import('../adapters/chromium.ts')
  const chromium = findChromium()
  if (chromium === null)
    context.note('no Chromium is installed, so there is no report.pdf; print report.html instead')
  else await printPdf(chromium, join(out, 'report.html'), join(out, 'report.pdf'))
}
