// Prints jest's result, from the file that `jest --json --outputFile` wrote, as `N passed, N failed`, and exits 1
// where anything failed or there is no result. A test file that cannot even be loaded is one failure.
import { existsSync, readFileSync } from 'node:fs'

const file = process.argv[2]
const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
const passed = result?.numPassedTests ?? 0
const failed = result === undefined ? 1 : result.numFailedTests + result.numRuntimeErrorTestSuites
const hasNone = passed + failed === 0
if (result === undefined) console.log('jest gave no result')
if (hasNone) console.log('jest found no test')
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || hasNone || !result.success ? 1 : 0
