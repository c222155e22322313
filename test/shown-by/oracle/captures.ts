// The captures at hand: those that others made, which stay where they lie, and our own recordings.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** Captures that others made. A checkout may be without them, but not where CI is set. */
export const ELSEWHERE = join(__dirname, '../../../../shared/data/captures')
export const SAMPLES = join(__dirname, '../../data/samples')

/** A capture, and its bytes before they were compressed in a file of their own. */
export interface CaptureAtHand {
  readonly name: string
  readonly path: string
  readonly plainPath: string
}

/** Captures of a folder, in order of their names; none where there is no such folder. */
export function capturesIn(folder: string): CaptureAtHand[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => /\.pcap(ng)?(\.gz|\.zst)?$/.test(name))
  return names.sort().map((name) => captureAt(join(folder, name)))
}

/** Every capture at hand. */
export function capturesAtHand(): CaptureAtHand[] {
  return [...capturesIn(ELSEWHERE), ...capturesIn(SAMPLES)]
}

const DECOMPRESS: Readonly<Record<string, string>> = { '.gz': 'gzip', '.zst': 'zstd' }

function captureAt(path: string): CaptureAtHand {
  const name = basename(path)
  const ending = /\.(gz|zst)$/.exec(name)?.[0]
  if (ending === undefined) return { name, path, plainPath: path }
  const plainPath = join(mkdtempSync(join(tmpdir(), 'stormpetrel-plain-')), name.slice(0, -ending.length))
  writeFileSync(plainPath, execFileSync(DECOMPRESS[ending]!, ['-qdc', path], { maxBuffer: 2 ** 28 }))
  return { name, path, plainPath }
}
