#!/usr/bin/env node
// The command `stormpetrel`: starts the compiled program, and says what to do where there is none.
import { existsSync } from 'node:fs'

const program = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(program)) {
  await import(program.href)
} else {
  process.stderr.write('stormpetrel: not built yet; type `npm ci && npm run build` in the checkout first\n')
  process.exitCode = 1
}
