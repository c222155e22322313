// A followed folder on a real disk, its spool behind it.
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Spool } from '../../adapters/spool.ts'
import { writeSynCapture } from '../../bench/syn-capture.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { FollowedFolder } from '../../services/sensor/followed-folder.ts'
import { SensorCounters } from '../../services/sensor/metrics.ts'
import { openSpool, spoolFolder, takeAll } from '../adapters/spool/spool-fixture.ts'

const HEADER_BYTES = 24
const RECORD_BYTES = 70

let root: ReturnType<typeof spoolFolder>
let captures: string

beforeEach(() => {
  root = spoolFolder()
  captures = `${root.folder}-captures`
  mkdirSync(captures)
})

afterEach(() => root.remove())

/** A capture of so many SYNs in the folder; `seconds` is its modification time. */
function addCapture(name: string, packets: number, seconds: number): string {
  const file = path.join(captures, name)
  const start = { seed: packets, startSeconds: 1_700_000_000, packetsPerSecond: 1e6, newSourceShare: 0 }
  writeSynCapture(file, { packets, ...start })
  utimesSync(file, seconds, seconds)
  return file
}

interface Life {
  readonly spool: Spool
  readonly counters: SensorCounters
  readonly log: string[]
  /** Ends reading and answers every batch that waits in the spool. */
  end(): Promise<RawBatch[]>
  until(isTrue: () => boolean): Promise<void>
}

/** One process's life of a sensor. */
async function follow(settleMs = 0): Promise<Life> {
  const spool = await openSpool(root.folder)
  const counters = new SensorCounters()
  const log: string[] = []
  const ending = new AbortController()
  const folder = new FollowedFolder({
    folder: captures,
    sensor: 's',
    spool,
    settleMs,
    heartbeatMs: 1e6,
    nowMs: Date.now,
    isAway: () => false,
    counters,
    log: (level, message) => log.push(`${level}: ${message}`)
  })
  const running = folder.run(ending.signal)
  let failure: Error | null = null
  running.catch((error: Error) => {
    failure = error
  })
  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) {
      if (failure !== null) throw failure
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const end = async () => {
    ending.abort()
    await running
    const batches = (await takeAll(spool)).map(({ batch }) => batch)
    await spool.stop()
    return batches
  }
  return { spool, counters, log, end, until }
}

/** `file frame-frame` of each batch, in order. */
function ranges(batches: readonly RawBatch[]): string[] {
  return batches.map(({ file, frames }) => `${path.basename(file ?? '-')} ${frames[0]}-${frames.at(-1)}`)
}

test('files are read in order of time, then name, and unfinished or hidden ones are left alone', async () => {
  addCapture('b.pcap', 2, 1000)
  addCapture('a.pcap', 3, 2000)
  addCapture('c.pcap', 4, 1000)
  for (const name of ['.hidden.pcap', 'x.pcap.tmp', 'y.pcap.part']) addCapture(name, 5, 1000)
  mkdirSync(path.join(captures, 'folder.pcap'))
  const life = await follow()
  await life.until(() => life.counters.finishedFiles === 3)
  const gz = path.join(captures, '.d')
  writeFileSync(gz, gzipSync(readFileSync(addCapture('.e', 6, 1))))
  renameSync(gz, path.join(captures, 'd.pcap.gz'))
  await life.until(() => life.counters.finishedFiles === 4)

  const batches = await life.end()

  expect(ranges(batches)).toEqual(['b.pcap 1-2', 'c.pcap 1-4', 'a.pcap 1-3', 'd.pcap.gz 1-6'])
  expect(batches.map(({ name }) => [name.lane, name.number])).toEqual([
    [0, 1],
    [0, 2],
    [0, 3],
    [0, 4]
  ])
  expect(batches.map(({ framesBefore }) => framesBefore)).toEqual([0, 2, 6, 9])
})

test('a file is read once its size and time have stood still', async () => {
  const life = await follow(400)
  const file = addCapture('a.pcap', 2, Date.now() / 1000 + 1000)
  const more = readFileSync(file).subarray(HEADER_BYTES)
  for (let i = 0; i < 6; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    appendFileSync(file, more)
    expect(life.counters.finishedFiles).toBe(0)
  }
  await life.until(() => life.counters.finishedFiles === 1)

  expect(ranges(await life.end())).toEqual(['a.pcap 1-14'])
})

test('after an end in the middle of a file, reading goes on at the next frame in a new epoch', async () => {
  addCapture('a.pcap', 50_000, 1000)
  addCapture('b.pcap', 10, 2000)
  const first = await follow()
  await first.until(() => (first.spool.currentFile?.frames ?? 0) > 0)
  const before = await first.end()
  const second = await follow()
  await second.until(() => second.counters.finishedFiles === 2)
  const after = await second.end()
  const third = await follow()
  const rest = await third.end()

  const frames = [...before, ...after].flatMap((batch) =>
    [...batch.frames].map((frame) => `${batch.file} ${frame}`)
  )
  expect(frames).toHaveLength(50_010)
  expect(new Set(frames).size).toBe(50_010)
  expect(before.at(-1)!.frames.at(-1)).toBeLessThan(50_000)
  expect(after[0]).toMatchObject({ name: { number: 1 }, framesBefore: 0 })
  expect(rest).toEqual([])
})

test('a file that grew is continued, one that was touched is not read again, and one written anew is', async () => {
  const grown = addCapture('grown.pcap', 10, 1000)
  const touched = addCapture('touched.pcap', 11, 1001)
  const anew = addCapture('anew.pcap', 12, 1002)
  const first = await follow()
  await first.until(() => first.counters.finishedFiles === 3)
  appendFileSync(grown, readFileSync(grown).subarray(HEADER_BYTES))
  await first.until(() => first.counters.finishedFiles === 4)
  expect(ranges(await first.end())).toEqual([
    'grown.pcap 1-10',
    'touched.pcap 1-11',
    'anew.pcap 1-12',
    'grown.pcap 11-20'
  ])
  expect(first.log).toEqual(['warn: capture file grew after it was read'])

  utimesSync(touched, 3000, 3000)
  const start = { seed: 99, startSeconds: 1_700_000_001, packetsPerSecond: 1e6, newSourceShare: 0 }
  writeSynCapture(anew, { packets: 13, ...start })
  const second = await follow()
  await second.until(() => second.counters.finishedFiles === 1)

  expect(ranges(await second.end())).toEqual(['anew.pcap 1-13'])
})

test('a damaged file gives what is before the damage, and costs no other file anything', async () => {
  const cut = addCapture('cut.pcap', 10, 1000)
  truncateSync(cut, HEADER_BYTES + 7 * RECORD_BYTES + 20)
  utimesSync(cut, 1000, 1000)
  writeFileSync(path.join(captures, 'none.pcap'), 'this is no capture')
  utimesSync(path.join(captures, 'none.pcap'), 1001, 1001)
  writeFileSync(path.join(captures, 'empty.pcap'), '')
  utimesSync(path.join(captures, 'empty.pcap'), 1002, 1002)
  addCapture('good.pcap', 5, 2000)
  const life = await follow()
  await life.until(() => life.counters.finishedFiles === 4)

  expect(ranges(await life.end())).toEqual(['cut.pcap 1-7', 'good.pcap 1-5'])
  expect(life.counters.damagedFiles).toBe(3)
  expect(life.log).toEqual(Array(3).fill('error: capture file is damaged'))
  const again = await follow()
  expect(await again.end()).toEqual([])
})

test('a file that vanished before it was read to its end is told, and forgotten', async () => {
  const gone = addCapture('gone.pcap', 50_000, 1000)
  const first = await follow()
  await first.until(() => (first.spool.currentFile?.frames ?? 0) > 0)
  await first.end()
  rmSync(gone)
  addCapture('next.pcap', 5, 2000)
  const second = await follow()
  await second.until(() => second.counters.finishedFiles === 2)

  expect(ranges(await second.end())).toEqual(['next.pcap 1-5'])
  expect(second.log).toEqual(['error: capture file is gone before it was read to its end'])
  expect(second.counters.damagedFiles).toBe(1)
})
