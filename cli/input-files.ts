// Which files a verb reads: folders become the captures in them, and a file that is given twice is read once.
import { stat } from 'node:fs/promises'
import {
  type CaptureFile,
  expandCaptureArguments,
  fileDigest,
  STANDARD_INPUT
} from '../adapters/capture-files.ts'
import { StormpetrelError } from '../core/errors.ts'
import type { CliContext } from './context.ts'

/** A file that is byte for byte another one. */
export interface Repeat {
  readonly file: string
  readonly sameAs: string
}

/** The files that arguments mean, in order. Throws SP_USAGE where standard input is named twice. */
export async function inputFiles(paths: readonly string[]): Promise<CaptureFile[]> {
  if (paths.filter((path) => path === STANDARD_INPUT).length > 1) {
    throw new StormpetrelError('SP_USAGE', "standard input ('-') can be read once only; name it once")
  }
  return (await expandCaptureArguments(paths)).map((path) => ({ name: path, path }))
}

/** Says which files are left out, since they are read already under another name. */
export function noteRepeats(context: CliContext, repeats: readonly Repeat[]): void {
  for (const { file, sameAs } of repeats) context.note(`${file}: byte for byte ${sameAs}, so it is read once`)
}

/** Each content once, and what was left out. Only files of one size are read to compare them. */
export async function distinctFiles(
  files: readonly CaptureFile[]
): Promise<{ readonly files: CaptureFile[]; readonly repeats: Repeat[] }> {
  const bySize = new Map<number, CaptureFile[]>()
  const distinct: CaptureFile[] = []
  const repeats: Repeat[] = []
  for (const file of files) {
    const size = await sizeOf(file.path)
    const sameSize = size === null ? [] : (bySize.get(size) ?? [])
    const sameAs = await findEqual(file, sameSize)
    if (sameAs !== null) {
      repeats.push({ file: file.name, sameAs: sameAs.name })
      continue
    }
    distinct.push(file)
    if (size !== null) bySize.set(size, [...sameSize, file])
  }
  return { files: distinct, repeats }
}

/** Null for what has no size that says anything: pipes, devices, what cannot be read (reading it will say why). */
async function sizeOf(path: string): Promise<number | null> {
  if (path === STANDARD_INPUT) return null
  const found = await stat(path).catch(() => null)
  return found?.isFile() ? found.size : null
}

async function findEqual(file: CaptureFile, candidates: readonly CaptureFile[]): Promise<CaptureFile | null> {
  for (const candidate of candidates) {
    if ((await digestOf(candidate.path)) === (await digestOf(file.path))) return candidate
  }
  return null
}

const digests = new Map<string, Promise<string>>()

/** A file's digest is taken once a process. */
function digestOf(path: string): Promise<string> {
  const known = digests.get(path)
  if (known !== undefined) return known
  const digest = fileDigest(path)
  digests.set(path, digest)
  return digest
}
