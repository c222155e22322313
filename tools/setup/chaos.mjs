// `npm run chaos [-- OPTIONS]`: everything that it needs, the real parts and Python included, then tools/chaos/main.ts.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './build.mjs'
import { ensureJars } from './jars.mjs'
import { ensureJava } from './java.mjs'
import { checkNode, ensureNodeModules } from './node-modules.mjs'
import { ROOT, runSetup } from './project.mjs'
import { ensurePythonPackages } from './python.mjs'
import { ensureSystemPackages, STACK_PACKAGES } from './system-packages.mjs'

await runSetup([
  checkNode,
  ensureNodeModules,
  ensureBuilt,
  () => ensureSystemPackages(STACK_PACKAGES),
  ensurePythonPackages,
  () => ensureJava(21),
  ensureJars
])

if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)
await import(pathToFileURL(path.join(ROOT, 'dist/tools/chaos/main.js')).href)
