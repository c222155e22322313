// `npm test [-- JEST ARGUMENTS]`: everything that the tests need, the real parts included, then jest.
// With --setup-only it ends before jest.
import path from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureJars } from './jars.mjs'
import { ensureJava } from './java.mjs'
import { checkNode, ensureNodeModules } from './node-modules.mjs'
import { becomeProgram, ROOT, runSetup } from './project.mjs'
import { ensurePythonPackages } from './python.mjs'
import { ensureSystemPackages, TEST_PACKAGES } from './system-packages.mjs'

const args = process.argv.slice(2)
const isSetupOnly = args.includes('--setup-only')

await runSetup([
  checkNode,
  () => ensureSystemPackages(TEST_PACKAGES),
  ensureNodeModules,
  ensurePythonPackages,
  () => ensureJava(21),
  ensureJars,
  // Type errors are .ci/run's own step, with its own name in the report.
  ...(isSetupOnly ? [] : [ensureBuilt])
])

if (!isSetupOnly) {
  // Network tools lie in folders that only root's PATH names.
  const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`
  const jest = path.join(ROOT, 'node_modules/jest/bin/jest.js')
  becomeProgram(process.execPath, [jest, ...args], { cwd: ROOT, env: { ...process.env, PATH } })
}
