// A followed folder as it is listed, on a real disk; the running clock is the test's.
import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { CaptureFolder } from '../../adapters/capture-folder.ts'

let path: string
let folder: CaptureFolder

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'stormpetrel-'))
  folder = new CaptureFolder(path)
})

afterEach(() => rmSync(path, { recursive: true, force: true }))

async function sizes(runningMs: number): Promise<Record<string, number>> {
  return Object.fromEntries((await folder.list(runningMs)).map(({ name, sizeBytes }) => [name, sizeBytes]))
}

test('a resting file is listed as it was, until a tenth of the time that it has not changed is over', async () => {
  writeFileSync(join(path, 'a'), '12')
  writeFileSync(join(path, 'b'), '12')
  expect(await sizes(0)).toEqual({ a: 2, b: 2 })
  expect(await sizes(5000)).toEqual({ a: 2, b: 2 })
  folder.rest('a', 5000)
  for (const name of ['a', 'b']) appendFileSync(join(path, name), '3')

  expect(await sizes(5499)).toEqual({ a: 2, b: 3 })
  expect(await sizes(5500)).toEqual({ a: 3, b: 3 })

  // It has changed: its rest begins anew.
  folder.rest('a', 5500)
  appendFileSync(join(path, 'a'), '4')
  expect(await sizes(5501)).toEqual({ a: 4, b: 3 })
})

test('no file rests for longer than ten seconds, and a time that is set changes it too', async () => {
  writeFileSync(join(path, 'a'), '12')
  await folder.list(0)
  await folder.list(1e9)
  folder.rest('a', 1e9)
  // Told again meanwhile, it does not rest for longer.
  await folder.list(1e9 + 9000)
  folder.rest('a', 1e9 + 9000)
  utimesSync(join(path, 'a'), 1000, 1000)

  expect((await folder.list(1e9 + 9999))[0]?.modifiedNs).not.toBe('1000000000000')
  expect((await folder.list(1e9 + 10_000))[0]?.modifiedNs).toBe('1000000000000')
})

test('a file that is gone is not listed, however much it rests, and a new one always is', async () => {
  writeFileSync(join(path, 'a'), '12')
  await folder.list(0)
  await folder.list(1e6)
  folder.rest('a', 1e6)
  rmSync(join(path, 'a'))
  writeFileSync(join(path, 'b'), '1')

  expect(await sizes(1e6 + 1)).toEqual({ b: 1 })
})
