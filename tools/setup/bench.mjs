// `npm run bench [-- OPTIONS]`: everything that it needs, the real parts and the peers' programs included, then
// bench/main.ts.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './build.mjs'
import { ensureJars } from './jars.mjs'
import { ensureJava } from './java.mjs'
import { checkNode, ensureNodeModules } from './node-modules.mjs'
import { ROOT, runSetup } from './project.mjs'
import { ensurePythonPackages } from './python.mjs'
import { BENCH_PACKAGES, ensureSystemPackages } from './system-packages.mjs'

await runSetup([
  checkNode,
  ensureNodeModules,
  ensureBuilt,
  () => ensureSystemPackages(BENCH_PACKAGES),
  ensurePythonPackages,
  () => ensureJava(21),
  ensureJars
])

if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)
await import(pathToFileURL(path.join(ROOT, 'dist/bench/main.js')).href)
