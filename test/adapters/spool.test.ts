import { afterEach, describe, expect, test } from '@jest/globals'
import type { DeclaredLoss } from '../../core/batch/raw-batch.ts'
import { openSpool, spoolFolder, takeAll, TestLane } from './spool/spool-fixture.ts'

const folders: { remove: () => void }[] = []
afterEach(() => {
  for (const { remove } of folders.splice(0)) remove()
})

function freshFolder(): string {
  const made = spoolFolder()
  folders.push(made)
  return made.folder
}

const POSITION = {
  file: { name: 'a.pcap', inode: '7', sizeBytes: 100, modifiedNs: '1', head: 5, headBytes: 100 },
  frames: 20,
  isFinished: false
}

describe('a spool', () => {
  test('gives batches in order, as they were appended', async () => {
    const spool = await openSpool(freshFolder())
    const lane = new TestLane(spool)
    const appended = [lane.next(), lane.next(5, 300_000), lane.next()]

    await Promise.all(appended.map((batch) => spool.append(batch, null)))

    const taken = await takeAll(spool)
    expect(taken.map(({ batch }) => ({ ...batch, capture: Buffer.from(batch.capture) }))).toEqual(
      appended.map((batch) => ({ ...batch, capture: Buffer.from(batch.capture) }))
    )
    await spool.stop()
  })

  test('keeps what was not acknowledged, under its names, for the next start, whose epoch is another', async () => {
    const folder = freshFolder()
    const first = await openSpool(folder)
    const lane = new TestLane(first)
    const names = []
    for (let i = 0; i < 5; i++) {
      const batch = lane.next()
      names.push(batch.name)
      await first.append(batch, POSITION)
    }
    const [one] = await first.next()
    first.acknowledge(one!.sequence)
    await first.stop()

    const second = await openSpool(folder)
    const mine = new TestLane(second)
    const next = mine.next()
    await second.append(next, null)

    expect(second.epoch).not.toBe(first.epoch)
    expect(second.epochStartedMs).toBeGreaterThan(first.epochStartedMs)
    expect(second.currentFile).toEqual(POSITION)
    const end: DeclaredLoss = { epoch: first.epoch, lane: 0, from: 6, to: 0, frames: 50, kind: 'epoch-end' }
    expect(next.declaredLosses).toEqual([end])
    expect((await takeAll(second)).map(({ batch }) => batch.name)).toEqual([...names.slice(1), next.name])
    await second.stop()
  })

  test('declares an epoch until the batch that says so is acknowledged', async () => {
    const folder = freshFolder()
    const first = await openSpool(folder)
    await first.append(new TestLane(first).next(), null)
    await takeAll(first)
    await first.stop()
    const second = await openSpool(folder)
    const carrier = new TestLane(second).next()
    await second.append(carrier, null)
    await second.stop()
    const third = await openSpool(folder)
    const lane = new TestLane(third)
    const next = lane.next()
    await third.append(next, null)
    await takeAll(third)

    expect(carrier.declaredLosses.map(({ epoch }) => epoch)).toEqual([first.epoch])
    expect(next.declaredLosses.map(({ epoch }) => epoch)).toEqual([second.epoch])
    expect(lane.next().declaredLosses).toEqual([])
    await third.stop()
  })

  test('is of one process: a second start fails by name', async () => {
    const folder = freshFolder()
    const first = await openSpool(folder)

    await expect(openSpool(folder)).rejects.toMatchObject({ code: 'SP_SPOOL_LOCKED' })

    await first.stop()
    await (await openSpool(folder)).stop()
  })
})
