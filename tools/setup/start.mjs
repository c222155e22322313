// `npm start [-- ARGUMENTS]`: npm packages and the build where they are missing or old, then `stormpetrel up`.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './build.mjs'
import { checkNode, ensureNodeModules } from './node-modules.mjs'
import { ROOT, runSetup } from './project.mjs'

await runSetup([checkNode, ensureNodeModules, ensureBuilt])

// npm changes to the project's folder; file names on the command line are meant from where it was typed.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)

// In this process and not in a child: then signals and the exit code need no passing on.
const program = path.join(ROOT, 'bin/stormpetrel.js')
process.argv = [process.argv[0], program, 'up', ...process.argv.slice(2)]
await import(pathToFileURL(program).href)
