import { Writable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { runCli } from '../../cli/run-cli.ts'
import { newFolder, syn, writeCapture } from './capture-files.ts'
import { CollectedOutput } from './collected-output.ts'

/** A pipe whose reader closes it after the first chunk, as `head` does. */
class ClosingPipe extends Writable {
  writes = 0

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.writes += 1
    if (this.writes === 1) done()
    else done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  }
}

test('a reader that goes away ends the verb quietly, without reading on', async () => {
  const records = Array.from({ length: 20_000 }, (_, i) => syn(i % 250, 23))
  const path = writeCapture(newFolder(), 'many.pcap', records)
  const stdout = new ClosingPipe()
  const stderr = new CollectedOutput()

  const exitCode = await runCli(['tag', path], { stdout, stderr }, {})

  expect([exitCode, stderr.text]).toEqual([0, ''])
  expect(stdout.writes).toBe(2)
})
