// Captures that can be read once only.
import { execFileSync } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { newFolder } from './capture-files.ts'

/** A named pipe that gives a file's bytes once, in small pieces. */
export function pipeOf(path: string): string {
  const fifo = join(newFolder(), 'pipe')
  execFileSync('mkfifo', [fifo])
  void pipeline(createReadStream(path, { highWaterMark: 97 }), createWriteStream(fifo))
  return fifo
}
