// A power cut leaves what was fsynced and nothing else. Which bytes and which folder entries that is, is told by the calls
// of fsync themselves, seen from outside; the spool is then opened on that image.
import {
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  truncateSync
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, expect, jest, test } from '@jest/globals'
import type { RawBatch } from '../../../core/batch/raw-batch.ts'
import { openSpool, spoolFolder, TestLane } from './spool-fixture.ts'

const { folder, remove } = spoolFolder()
afterAll(remove)
afterEach(() => {
  jest.restoreAllMocks()
})

/** What the disk holds for sure. */
class Disk {
  readonly #sizes = new Map<string, number>()
  readonly #entries = new Map<string, ReadonlySet<string>>()

  /** Watches every fsync of this process. */
  static async watch(): Promise<Disk> {
    const disk = new Disk()
    const handle = await open('/dev/null')
    const prototype = Object.getPrototypeOf(handle) as FileHandle
    await handle.close()
    for (const name of ['sync', 'datasync'] as const) {
      const real = prototype[name]
      jest.spyOn(prototype, name).mockImplementation(async function (this: FileHandle) {
        const target = readlinkSync(`/proc/self/fd/${this.fd}`)
        const stat = fstatSync(this.fd)
        const names = stat.isDirectory() ? new Set(readdirSync(target)) : null
        await real.call(this)
        if (names === null) disk.#sizes.set(target, stat.size)
        else disk.#entries.set(target, names)
      })
    }
    return disk
  }

  /** The folder after a power cut now. Deleted files may be back or not: here they are not. */
  image(of: string, to: string): void {
    mkdirSync(to, { recursive: true })
    const entries = this.#entries.get(of) ?? new Set<string>()
    for (const name of readdirSync(of)) {
      if (!entries.has(name)) continue
      try {
        copyFileSync(path.join(of, name), path.join(to, name))
      } catch (error) {
        // It is being deleted at this moment, by a thread of its own.
        if (existsSync(path.join(of, name))) throw error
        continue
      }
      truncateSync(path.join(to, name), this.#sizes.get(path.join(of, name)) ?? 0)
    }
  }
}

test('loses no batch that was appended, and none that was given to the sender', async () => {
  const disk = await Disk.watch()
  const spoolPath = path.join(folder, 'spool')
  const spool = await openSpool(spoolPath, { sizeLimitBytes: 1024 * 1024 })
  const lane = new TestLane(spool)
  const appended: RawBatch[] = []
  const handed: number[] = []
  let acknowledged = 0
  for (let i = 0; i < 60; i++) {
    const batches = Array.from({ length: 1 + (i % 3) }, () => lane.next(10, (i * 7919) % 40_000))
    const safe = batches.map((batch) => spool.append(batch, null).then(() => appended.push(batch)))
    if (i % 2 === 0) await Promise.all(safe)
    else await safe[0]
    if (i % 4 === 1) {
      const given = await spool.next()
      handed.push(...given.map(({ batch }) => batch.name.number))
      const image = path.join(folder, `handed-${i}`)
      disk.image(spoolPath, image)
      await expectHolds(image, appended, handed, acknowledged)
      spool.acknowledge(given.at(-1)!.sequence)
      acknowledged = handed.at(-1)!
      // What is deleted for it is deleted some turns of the event loop later.
      const names = readdirSync(spoolPath).length
      for (let turn = 0; turn < 200 && readdirSync(spoolPath).length === names; turn++) {
        await new Promise(setImmediate)
      }
    }
    const image = path.join(folder, `image-${i}`)
    disk.image(spoolPath, image)
    await expectHolds(image, appended, handed, acknowledged)
    await Promise.all(safe)
  }
  await spool.stop()
})

/** The image holds every batch that must be safe and was not acknowledged, in order, as it was. */
async function expectHolds(
  image: string,
  appended: readonly RawBatch[],
  handed: readonly number[],
  acknowledged: number
): Promise<void> {
  const safe = [...appended]
  const spool = await openSpool(image)
  const digests = new Map<number, string>()
  const numbers: number[] = []
  while (numbers.length < spool.waitingBatches) {
    for (const { batch } of await spool.next()) {
      numbers.push(batch.name.number)
      digests.set(batch.name.number, batch.digest)
    }
  }
  const [end] = spool.nextLosses()
  const dropped = spool.counters.dropped.size
  await spool.stop()
  const from = numbers[0] ?? acknowledged + 1
  expect(dropped).toBe(0)
  expect(from).toBeLessThanOrEqual(acknowledged + 1)
  expect(numbers).toEqual(numbers.map((_, i) => from + i))
  for (const { name, digest } of safe) {
    if (name.number > acknowledged)
      expect([name.number, digests.get(name.number)]).toEqual([name.number, digest])
  }
  for (const number of handed) if (number > acknowledged) expect(digests.has(number)).toBe(true)
  if (safe.length > 0) expect(end!.from).toBe(Math.max(from - 1, numbers.at(-1) ?? 0) + 1)
}
