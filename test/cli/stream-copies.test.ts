import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../adapters/package-root.ts'
import { withCopies } from '../../cli/stream-copies.ts'
import { eventually } from '../shown-by/stack/eventually.ts'
import { newFolder, syn, writeCapture } from './capture-files.ts'
import { parseLines, stormpetrel } from './collected-output.ts'
import { pipeOf } from './pipes.ts'

test('a pipe is copied under its own name, a file is not, and the copy is gone at the end', async () => {
  const capture = writeCapture(
    newFolder(),
    'a.pcap',
    Array.from({ length: 200 }, (_, i) => syn(i, 23))
  )
  const fifo = pipeOf(capture)
  let copy = ''

  await withCopies(
    [capture, fifo].map((name) => ({ name, path: name })),
    async (files) => {
      copy = files[1]!.path
      expect(files.map(({ name }) => name)).toEqual([capture, fifo])
      expect(files[0]!.path).toBe(capture)
      expect(readFileSync(copy)).toEqual(readFileSync(capture))
    }
  )

  expect(copy).not.toBe('')
  expect(existsSync(path.dirname(copy))).toBe(false)
})

test('the copy is gone after an error too', async () => {
  const fifo = pipeOf(writeCapture(newFolder(), 'a.pcap', []))
  let copy = ''

  const failing = withCopies([{ name: fifo, path: fifo }], (files) => {
    copy = files[0]!.path
    return Promise.reject(new Error('it failed'))
  })

  await expect(failing).rejects.toThrow('it failed')
  expect(existsSync(path.dirname(copy))).toBe(false)
})

test('a signal while standard input is copied ends the process as ever, and leaves no copy', async () => {
  const folder = newFolder()
  const capture = writeCapture(newFolder(), 'a.pcap', [syn(1, 23)])
  const child = spawn(
    process.execPath,
    [path.join(packageRoot(), 'bin/stormpetrel.js'), 'counts', capture, '-'],
    { stdio: ['pipe', 'ignore', 'ignore'], env: { ...process.env, TMPDIR: folder } }
  )
  const ended = new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)))
  await eventually(
    'standard input is being copied',
    async () => readdirSync(folder),
    (names) => names.length === 1
  )

  child.kill('SIGINT')

  expect(await ended).toBe('SIGINT')
  expect(readdirSync(folder)).toEqual([])
})

test('counts compares a pipe beside files with them, and reads the same bytes once', async () => {
  const capture = writeCapture(newFolder(), 'a.pcap', [syn(1, 23), syn(2, 80)])
  const fifo = pipeOf(capture)

  const { exitCode, stdout, stderr } = await stormpetrel(['counts', '--window', 'all', capture, fifo])

  expect([exitCode, stderr]).toEqual([
    0,
    `stormpetrel: ${fifo}: byte for byte ${capture}, so it is read once\n`
  ])
  expect(parseLines(stdout)).toMatchObject([{ packets: 2 }])
})
