// The program as a person starts it, with what a pipe gives it.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { CliResult } from '../../cli/collected-output.ts'

/** What `npm run build` made runnable. */
export const PROGRAM = join(__dirname, '../../../bin/stormpetrel.js')

/** Runs `stormpetrel` in a process of its own, with `input` on its standard input. */
export function runProgram(args: readonly string[], input: Uint8Array = new Uint8Array(0)): CliResult {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [PROGRAM, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28
  })
  if (error !== undefined) throw error
  return { exitCode: status ?? -1, stdout, stderr }
}
