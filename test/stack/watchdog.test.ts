import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { transformFileSync } from '@swc/core'
import { isAlive, until } from './process-life.ts'

const LAUNCHER = path.join(__dirname, '../../tools/stack')
let compiled: string

beforeAll(() => {
  compiled = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-watchdog-'))
  writeFileSync(path.join(compiled, 'package.json'), '{ "type": "module" }')
  for (const file of readdirSync(LAUNCHER).filter((name) => name.endsWith('.ts'))) {
    const { code } = transformFileSync(path.join(LAUNCHER, file), {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'es6' }
    })
    const runnable = code.replaceAll(/(from '\.[^']+)\.ts'/g, "$1.js'")
    writeFileSync(path.join(compiled, file.replace(/ts$/, 'js')), runnable)
  }
})

afterAll(() => rmSync(compiled, { recursive: true, force: true }))

test.each(['SIGKILL', 'SIGTERM', 'exit'] as const)(
  'a server and its temporary folder do not outlive a launcher that ends by %s',
  async (end) => {
    const launcher = await startLauncher(end === 'exit' ? 'process.exit(0)' : 'setInterval(() => {}, 1000)')
    if (end !== 'exit') {
      expect(isAlive(launcher.serverPid)).toBe(true)
      process.kill(launcher.pid, end)
    }

    await until('the server has ended', () => !isAlive(launcher.serverPid))
    await until('its folder is gone', () => !existsSync(launcher.folder))
  }
)

test('a launcher that has nothing else to do ends, and its server with it', async () => {
  const launcher = await startLauncher('')

  await until('the launcher has ended', () => !isAlive(launcher.pid))
  await until('the server has ended', () => !isAlive(launcher.serverPid))
})

/** A process of its own that starts a Redis, tells about it on stdout, and then runs the given statement. */
async function startLauncher(then: string): Promise<{ pid: number; serverPid: number; folder: string }> {
  const script = `
    const { startRedis } = await import(${JSON.stringify(pathToFileURL(path.join(compiled, 'redis.js')).href)})
    const { pids, folder } = await startRedis()
    process.stdout.write(JSON.stringify({ serverPid: pids[0], folder }) + '\\n', () => { ${then} })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const told = JSON.parse(line.toString()) as { serverPid: number; folder: string }
  return { pid: child.pid as number, ...told }
}
