// Captures that can be read once only, copied to files for verbs that must read them twice: once for the digest that
// names their batches, or tells whether they are given twice, and once for their packets.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CaptureFile, copyStream, isStream } from '../adapters/capture-files.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `body` with standard input, pipes and devices replaced by copies under their own names, in a temporary folder
 * that is gone when `body` is done, however it ends. Throws SP_FILE_UNREADABLE where a stream cannot be copied.
 */
export async function withCopies<T>(
  files: readonly CaptureFile[],
  body: (files: readonly CaptureFile[]) => Promise<T>
): Promise<T> {
  const areStreams = await Promise.all(files.map(({ path }) => isStream(path)))
  if (!areStreams.includes(true)) return await body(files)
  const folder = await mkdtemp(join(tmpdir(), 'stormpetrel-input-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const endBySignal = (signal: NodeJS.Signals): void => {
    // Where nobody else ends the process in an orderly way, it ends as it would have without this listener.
    if (process.listenerCount(signal) > 1) return
    remove()
    process.off(signal, endBySignal)
    process.kill(process.pid, signal)
  }
  for (const signal of SIGNALS) process.on(signal, endBySignal)
  try {
    const copied: CaptureFile[] = []
    for (const [index, file] of files.entries()) {
      const path = join(folder, String(index))
      if (areStreams[index]!) await copyStream(file.path, path)
      copied.push(areStreams[index]! ? { name: file.name, path } : file)
    }
    return await body(copied)
  } finally {
    for (const signal of SIGNALS) process.off(signal, endBySignal)
    remove()
  }
}
