import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from '@jest/globals'

// Set-up runs in plain Node before anything is compiled; it is tried the same way, as programs.
const SETUP = path.join(__dirname, '../../tools/setup')
const folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-setup-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function runScript(script: string, environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: SETUP,
    encoding: 'utf8',
    env: { ...process.env, ...environment }
  })
}

test('of the installed Java versions the smallest that is new enough is taken, whatever JAVA_HOME says', () => {
  for (const major of [901, 950, 999]) addJava(`jdk-${major}`, `openjdk version "${major}.0.2"`)
  addJava('jdk-8', 'java version "1.8.0_402"')
  const java = (minMajor: number) =>
    runScript(`import { findJava } from './java.mjs'; console.log(findJava(${minMajor}))`, {
      JAVA_HOME: path.join(folder, '.jdks/jdk-999'),
      HOME: folder
    }).stdout.trim()

  expect(java(902)).toBe(path.join(folder, '.jdks/jdk-950/bin/java'))
  expect(java(901)).toBe(path.join(folder, '.jdks/jdk-901/bin/java'))
  expect(java(960)).toBe(path.join(folder, '.jdks/jdk-999/bin/java'))
  expect(java(1000)).toBe('undefined')
})

test('what cannot be installed is named, with the command to type, and exit code 1', () => {
  const { status, stderr } = runScript(
    `process.getuid = () => 1000
     const { ensureSystemPackages } = await import('./system-packages.mjs')
     const { runSetup } = await import('./project.mjs')
     const absent = ['zmap', 'redis-server'].map((name) => ({ name, isPresent: () => false }))
     await runSetup([() => ensureSystemPackages([...absent, { name: 'gzip', isPresent: () => true }])])`,
    { CI: '' }
  )

  expect(status).toBe(1)
  expect(stderr).toContain('only root can install them: zmap, redis-server.')
  expect(stderr).toContain('sudo apt-get install -y --no-install-recommends zmap redis-server\n')
})

test('two processes do not do one step at the same time, and a dead one holds no lock', () => {
  const script = `
    const { withLock } = await import('./project.mjs')
    const { spawnSync } = await import('node:child_process')
    if (process.argv[1] === 'die') await withLock('test-lock', () => process.kill(process.pid, 'SIGKILL'))
    spawnSync(process.execPath, ['--input-type=module', '-e', process.env.SCRIPT, 'die'])
    await withLock('test-lock', () => console.log('taken over'))`

  expect(runScript(script, { SCRIPT: script }).stdout).toBe('taken over\n')
})

test.each([
  [
    { numPassedTests: 7, numFailedTests: 0, numRuntimeErrorTestSuites: 0, success: true },
    '7 passed, 0 failed',
    0
  ],
  [
    { numPassedTests: 7, numFailedTests: 2, numRuntimeErrorTestSuites: 1, success: false },
    '7 passed, 3 failed',
    1
  ],
  [
    { numPassedTests: 7, numFailedTests: 0, numRuntimeErrorTestSuites: 0, success: false },
    '7 passed, 0 failed',
    1
  ],
  [
    { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0, success: true },
    '0 passed, 0 failed',
    1
  ],
  [undefined, '0 passed, 1 failed', 1]
])('the last line tells what jest found, and the exit code agrees: %j', (result, line, code) => {
  const file = path.join(folder, 'result.json')
  rmSync(file, { force: true })
  if (result !== undefined) writeFileSync(file, JSON.stringify(result))

  const { stdout, status } = spawnSync(process.execPath, [path.join(SETUP, 'print-result.mjs'), file], {
    encoding: 'utf8'
  })

  expect(stdout.trimEnd().split('\n').at(-1)).toBe(line)
  expect(status).toBe(code)
})

function addJava(name: string, version: string): void {
  const bin = path.join(folder, '.jdks', name, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(path.join(bin, 'java'), `#!/bin/sh\necho '${version}' >&2\n`)
  chmodSync(path.join(bin, 'java'), 0o755)
}
