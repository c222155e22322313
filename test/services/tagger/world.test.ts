import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { packageRoot } from '../../../adapters/package-root.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stormpetrel-world-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('built tables lie in the home folder where XDG_CACHE_HOME is empty, never in the working folder', () => {
  const [home, working] = ['home', 'working'].map((name) => join(folder, name)) as [string, string]
  for (const each of [home, working]) mkdirSync(each)
  const args = [
    join(packageRoot(), 'bin/stormpetrel.js'),
    'tag',
    join(packageRoot(), 'test/data/samples/zmap.pcap')
  ]

  execFileSync(process.execPath, args, {
    cwd: working,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: '' },
    stdio: 'ignore'
  })

  expect(readdirSync(working)).toEqual([])
  expect(existsSync(join(home, '.cache', 'stormpetrel'))).toBe(true)
})
