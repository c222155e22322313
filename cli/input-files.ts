// Which files a verb reads: folders become the captures in them, and a file that is given twice is read once.
import { stat } from 'node:fs/promises'
import { expandCaptureArguments, fileDigest, STANDARD_INPUT } from '../adapters/capture-files.ts'
import { StormpetrelError } from '../core/errors.ts'
import type { CliContext } from './context.ts'

/** A file that is byte for byte another one. */
export interface Repeat {
  readonly file: string
  readonly sameAs: string
}

/** The files that arguments mean, in order. Throws SP_USAGE where standard input is named twice. */
export async function inputFiles(paths: readonly string[]): Promise<string[]> {
  if (paths.filter((path) => path === STANDARD_INPUT).length > 1) {
    throw new StormpetrelError('SP_USAGE', "standard input ('-') can be read once only; name it once")
  }
  return expandCaptureArguments(paths)
}

/** Says which files are left out, since they are read already under another name. */
export function noteRepeats(context: CliContext, repeats: readonly Repeat[]): void {
  for (const { file, sameAs } of repeats) context.note(`${file}: byte for byte ${sameAs}, so it is read once`)
}

/** Each content once, and what was left out. Only files of one size are read to compare them. */
export async function distinctFiles(
  files: readonly string[]
): Promise<{ readonly files: string[]; readonly repeats: Repeat[] }> {
  const bySize = new Map<number, string[]>()
  const distinct: string[] = []
  const repeats: Repeat[] = []
  for (const file of files) {
    const size = await sizeOf(file)
    const sameSize = size === null ? [] : (bySize.get(size) ?? [])
    const sameAs = await findEqual(file, sameSize)
    if (sameAs !== null) {
      repeats.push({ file, sameAs })
      continue
    }
    distinct.push(file)
    if (size !== null) bySize.set(size, [...sameSize, file])
  }
  return { files: distinct, repeats }
}

/** Null for what has no size that says anything: pipes, devices, what cannot be read (reading it will say why). */
async function sizeOf(file: string): Promise<number | null> {
  if (file === STANDARD_INPUT) return null
  const found = await stat(file).catch(() => null)
  return found?.isFile() ? found.size : null
}

async function findEqual(file: string, candidates: readonly string[]): Promise<string | null> {
  for (const candidate of candidates) {
    if ((await digestOf(candidate)) === (await digestOf(file))) return candidate
  }
  return null
}

const digests = new Map<string, Promise<string>>()

/** A file's digest is taken once a process. */
function digestOf(file: string): Promise<string> {
  const known = digests.get(file)
  if (known !== undefined) return known
  const digest = fileDigest(file)
  digests.set(file, digest)
  return digest
}
