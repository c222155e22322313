// A disk that gives back other bytes than were written, or loses a file.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openSpool, spoolFolder, takeAll, TestLane } from './spool-fixture.ts'

let root: ReturnType<typeof spoolFolder>
let segments: string[]
let epoch: string

/** Twelve batches in segments of their own, the first two acknowledged. */
beforeEach(async () => {
  root = spoolFolder()
  const spool = await openSpool(root.folder, { sizeLimitBytes: 1024 * 1024 })
  const lane = new TestLane(spool)
  for (let i = 0; i < 12; i++) await spool.append(lane.next(10, 60_000), null)
  const given = await spool.next()
  spool.acknowledge(given[1]!.sequence)
  epoch = spool.epoch
  await spool.stop()
  segments = readdirSync(root.folder)
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .map((name) => path.join(root.folder, name))
})

afterEach(() => root.remove())

async function reopened() {
  const spool = await openSpool(root.folder)
  const losses = spool.nextLosses().filter(({ kind }) => kind === 'spool-drop')
  const numbers = (await takeAll(spool)).map(({ batch }) => batch.name.number)
  const { waitingBatches, counters } = spool
  await spool.stop()
  return { losses, numbers, waitingBatches, damaged: counters.dropped.get('damaged') }
}

test('a changed byte in an older segment loses what follows it there, which is declared', async () => {
  const file = segments[4]!
  const bytes = readFileSync(file)
  bytes[bytes.length - 100]! ^= 1
  writeFileSync(file, bytes)

  const found = await reopened()

  const lost = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12].filter((number) => !found.numbers.includes(number))
  expect(lost).toHaveLength(1)
  expect(found.losses).toEqual([
    { epoch, lane: 0, from: lost[0], to: lost[0], frames: 10, kind: 'spool-drop' }
  ])
  expect(found.damaged).toEqual({ batches: 1, frames: 10 })
  expect(found.waitingBatches).toBe(0)
})

test('segments that are gone, or have no state, lose their batches, which are declared', async () => {
  rmSync(segments[5]!)
  rmSync(segments[6]!)
  writeFileSync(segments[7]!, 'nothing')

  const found = await reopened()

  expect(found.numbers).toHaveLength(7)
  expect(found.losses).toMatchObject([{ epoch, frames: 30 }])
  const { from, to } = found.losses[0]!
  expect(to - from).toBe(2)
  for (let number = from; number <= to; number++) expect(found.numbers).not.toContain(number)
  expect((await reopened()).damaged).toBeUndefined()
})

test('a segment that is back, which was deleted after it was acknowledged, is sent again and declares nothing', async () => {
  const old = readFileSync(segments[0]!)
  const spool = await openSpool(root.folder)
  const taken = await takeAll(spool)
  await spool.append(new TestLane(spool).next(), null)
  await spool.stop()
  writeFileSync(segments[0]!, old)

  const found = await reopened()

  expect(taken).toHaveLength(10)
  expect(found.losses).toEqual([])
  expect(found.damaged).toBeUndefined()
  expect(found.numbers).toEqual([1])
})
