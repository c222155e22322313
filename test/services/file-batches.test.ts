import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, jest, test } from '@jest/globals'
import type { CaptureFile } from '../../adapters/capture-files.ts'
import { DEFAULT_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { Rehearsal } from '../../core/batch/rehearsal.ts'
import { HeaderCaptureWriter } from '../../core/capture/header-capture.ts'
import { batchFile } from '../../services/sensor/file-batches.ts'
import { synPacket } from '../builders/frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'file-batches-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A capture of so many SYNs; the last `cutBytes` bytes are missing. */
function capture(name: string, packets: number, cutBytes = 0): CaptureFile {
  const writer = new HeaderCaptureWriter()
  writer.reset()
  const syn = synPacket()
  for (let i = 0; i < packets; i++) writer.add(1_655_000_000, 0, syn, 0, syn.length, syn.length)
  const path = join(folder, name)
  const bytes = writer.finish()
  writeFileSync(path, bytes.subarray(0, bytes.length - cutBytes))
  return { name, path }
}

const options = {
  sensor: 'local',
  epoch: null,
  epochStartedMs: 0,
  lane: 0,
  limits: { ...DEFAULT_BATCH_LIMITS, frames: 4 },
  withDigest: true,
  nowMs: null
}

function names(batches: readonly RawBatch[]): object[] {
  return batches.map(({ name, digest }) => ({ name, digest }))
}

test('a batch that could not be published is followed by none', async () => {
  const file = capture('whole.pcap', 11)
  const offered: number[] = []

  const playing = batchFile(file, options, async (batch) => {
    offered.push(batch.name.number)
    throw new Error('the broker is away')
  })

  await expect(playing).rejects.toThrow('the broker is away')
  expect(offered).toEqual([1])
})

test('a damaged file gives every packet before the damage, and then says where it is', async () => {
  const batches: RawBatch[] = []

  const playing = batchFile(capture('cut.pcap', 11, 3), options, (batch) => void batches.push(batch))

  await expect(playing).rejects.toThrow('cut.pcap: damaged at byte')
  expect(batches.map(({ packets }) => packets)).toEqual([4, 4, 2])
})

/** The prototype of open files, whose reads a test makes fail. */
async function openFiles(path: string): Promise<FileHandle> {
  const handle = await open(path)
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

test('what was read before a disk failed is no batch under the name that the file gives it', async () => {
  // Two chunks of 1 MiB: the first is read to its end, and the digest needs three reads before.
  const file = capture('failing.pcap', 30_000)
  const whole: RawBatch[] = []
  await batchFile(file, options, (batch) => void whole.push(batch))
  const prototype = await openFiles(file.path)
  const read: FileHandle['read'] = Reflect.get(prototype, 'read')
  let reads = 0
  jest.spyOn(prototype, 'read').mockImplementation(function (this: FileHandle, ...args: unknown[]) {
    reads += 1
    return reads > 4 ? Promise.reject(new Error('EIO: i/o error, read')) : Reflect.apply(read, this, args)
  })

  const batches: RawBatch[] = []
  try {
    await expect(batchFile(file, options, (batch) => void batches.push(batch))).rejects.toThrow('EIO')
  } finally {
    jest.restoreAllMocks()
  }

  expect(batches.length).toBeGreaterThan(0)
  expect(names(batches)).toEqual(names(whole).slice(0, batches.length))
})

test('a file has the same names and digests wherever it lies', async () => {
  const here: RawBatch[] = []
  const there: RawBatch[] = []
  await batchFile(capture('here.pcap', 5), options, (batch) => void here.push(batch))
  await batchFile(capture('there.pcap', 5), options, (batch) => void there.push(batch))

  expect(names(there)).toEqual(names(here))
  expect(here).toHaveLength(2)
})

test('a rehearsal comes now, at the speed that is asked for, and says what it is', async () => {
  const writer = new HeaderCaptureWriter()
  writer.reset()
  const syn = synPacket()
  // Two bursts of three, a minute apart, then a packet that is stamped a little before.
  for (const seconds of [0, 0, 1, 60, 60, 61, 59])
    writer.add(1_655_000_000 + seconds, 500_000_000, syn, 0, syn.length, syn.length)
  const path = join(folder, 'bursts.pcap')
  writeFileSync(path, writer.finish())
  const batches: { readonly atMs: number; readonly packets: number; readonly file: string | null }[] = []
  const seconds: number[] = []
  const startMs = Date.now()

  await batchFile(
    { name: 'bursts.pcap', path },
    { ...options, nowMs: Date.now, rehearsal: new Rehearsal(100, Date.now) },
    (batch) => {
      batches.push({ atMs: Date.now() - startMs, packets: batch.packets, file: batch.file })
      seconds.push(...timesOf(batch.capture))
    }
  )

  expect(batches.map(({ packets }) => packets)).toEqual([3, 4])
  expect(batches.every(({ file }) => file === 'rehearsal of bursts.pcap')).toBe(true)
  // A minute at a hundred times its speed.
  expect(batches[1]!.atMs - batches[0]!.atMs).toBeGreaterThan(350)
  const began = seconds[0]!
  expect(Math.abs(began * 1000 - startMs)).toBeLessThan(5000)
  expect(seconds.map((one) => Math.round((one - began) * 100))).toEqual([0, 0, 1, 60, 60, 61, 59])
})

test('a rehearsal waits through a gap of weeks', async () => {
  const writer = new HeaderCaptureWriter()
  writer.reset()
  const syn = synPacket()
  for (const seconds of [0, 40 * 86_400])
    writer.add(1_655_000_000 + seconds, 0, syn, 0, syn.length, syn.length)
  const path = join(folder, 'weeks.pcap')
  writeFileSync(path, writer.finish())
  const ending = new AbortController()
  const packets: number[] = []
  setTimeout(() => ending.abort(), 300)

  await batchFile(
    { name: 'weeks.pcap', path },
    { ...options, nowMs: Date.now, rehearsal: new Rehearsal(1, Date.now), signal: ending.signal },
    (batch) => void packets.push(batch.packets)
  )
  expect(packets).toEqual([1])
})

/** Times of the packets of a nanosecond pcap, in seconds. */
function timesOf(capture: Uint8Array): number[] {
  const view = new DataView(capture.buffer, capture.byteOffset, capture.byteLength)
  const times: number[] = []
  for (let at = 24; at < capture.length; at += 16 + view.getUint32(at + 8, true))
    times.push(view.getUint32(at, true) + view.getUint32(at + 4, true) / 1e9)
  return times
}
