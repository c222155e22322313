import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { newFolder, syn, writeCapture } from './capture-files.ts'
import { UpProcess } from './up-process.ts'

let up: UpProcess | null = null

afterEach(async () => {
  await up?.end()
  up = null
})

test('up plays a capture that is given twice once, and says so', async () => {
  const folder = newFolder()
  const path = writeCapture(folder, 'a.pcap', [syn(1, 23), syn(2, 23), syn(3, 80)])
  const copy = join(folder, 'copy.pcap')
  copyFileSync(path, copy)

  up = new UpProcess([path, copy])

  expect(await up.summary()).toMatchObject({ packets: 3, what: 'a run of 1 capture, played to the end' })
  expect(up.stdout).toContain('Played: 3 packets counted')
  expect(up.stderr).toBe(`stormpetrel: ${copy}: byte for byte ${path}, so it is read once\n`)
})

test('up plays standard input', async () => {
  const path = writeCapture(newFolder(), 'a.pcap', [syn(1, 23), syn(2, 23)])

  up = new UpProcess(['-'], readFileSync(path))

  expect(await up.summary()).toMatchObject({ packets: 2 })
  expect(up.stderr).toBe('')
})
