import { afterEach, describe, expect, test } from '@jest/globals'
import type { Spool, SpoolOptions } from '../../../adapters/spool.ts'
import type { DeclaredLoss, RawBatch } from '../../../core/batch/raw-batch.ts'
import { openSpool, spoolFolder, takeAll, TestLane } from './spool-fixture.ts'

const MIB = 1024 * 1024
const folders: { remove: () => void }[] = []
afterEach(() => {
  for (const { remove } of folders.splice(0)) remove()
})

function freshFolder(): string {
  const made = spoolFolder()
  folders.push(made)
  return made.folder
}

/** Numbers by lane that are neither sent nor declared, or both. */
function unaccounted(
  all: readonly RawBatch[],
  sent: readonly RawBatch[],
  losses: readonly DeclaredLoss[]
): string[] {
  const times = new Map(all.map(({ name }) => [`${name.epoch} ${name.lane} ${name.number}`, 0]))
  const count = (epoch: string, lane: number, number: number) => {
    const key = `${epoch} ${lane} ${number}`
    times.set(key, (times.get(key) ?? 10) + 1)
  }
  for (const { name } of sent) count(name.epoch, name.lane, name.number)
  for (const { kind, epoch, lane, from, to } of losses) {
    if (kind !== 'spool-drop') continue
    for (let number = from; number <= to; number++) count(epoch, lane, number)
  }
  return [...times].filter(([, count]) => count !== 1).map(([key, count]) => `${key}: ${count}`)
}

/** Appends to two lanes as if the brokers were away. */
async function fill(spool: Spool, batches: number, isTaken = false): Promise<RawBatch[]> {
  const lanes = [new TestLane(spool, 0), new TestLane(spool, 1)]
  spool.holdDropsWhile(() => true)
  const all: RawBatch[] = []
  for (let i = 0; i < batches; i++) {
    const batch = lanes[i % 2]!.next(10 + i, 50_000)
    all.push(batch)
    await spool.append(batch, null)
    if (isTaken && i === 3) await spool.next()
  }
  spool.holdDropsWhile(() => false)
  for (const lane of lanes) {
    const carrier = lane.next(1, 10)
    all.push(carrier)
    await spool.append(carrier, null)
  }
  return all
}

function framesOf(batches: readonly RawBatch[]): number {
  return batches.reduce((sum, { packets }) => sum + packets, 0)
}

describe.each(['drop-oldest', 'drop-newest'] as const)('a full spool that is to %s', (full) => {
  const limits: Partial<SpoolOptions> = { sizeLimitBytes: MIB, full }

  test('keeps within its size, and declares in a few losses what is not sent', async () => {
    const spool = await openSpool(freshFolder(), limits)
    let largest = 0
    const watch = setInterval(() => {
      largest = Math.max(largest, spool.sizeBytes)
    }, 1)
    const all = await fill(spool, 60)
    clearInterval(watch)
    const sent = (await takeAll(spool)).map(({ batch }) => batch)
    // A carrier that came while the spool was still full is declared by the next one.
    const last = new TestLane(spool, 9).next()
    await spool.append(last, null)
    sent.push(...(await takeAll(spool)).map(({ batch }) => batch))

    const losses = sent.flatMap(({ declaredLosses }) => declaredLosses)
    expect(unaccounted([...all, last], sent, losses)).toEqual([])
    expect(losses.length).toBeLessThan(8)
    const lost = losses.reduce((sum, loss) => sum + loss.frames, 0)
    expect(framesOf(sent) + lost).toBe(framesOf([...all, last]))
    expect(spool.counters.dropped.get('full')?.frames).toBe(lost)
    expect(largest).toBeLessThan(1.2 * MIB)
    const kept = sent.filter(({ name }) => name.lane === 0).map(({ name }) => name.number)
    if (full === 'drop-oldest') expect(kept[0]).toBeGreaterThan(10)
    else expect(kept[0]).toBe(1)
    await spool.stop()
  })

  test('does not drop what the brokers may have, and comes to the same after a restart', async () => {
    const folder = freshFolder()
    const first = await openSpool(folder, limits)
    const all = await fill(first, 60, true)
    await first.stop()
    const second = await openSpool(folder, limits)
    const sent = (await takeAll(second)).map(({ batch }) => batch)
    const lane = new TestLane(second)
    const last: RawBatch[] = []
    for (let i = 0; i < 2; i++) {
      last.push(lane.next())
      await second.append(last[i]!, null)
    }
    sent.push(...(await takeAll(second)).map(({ batch }) => batch))
    await second.stop()

    const losses = sent.flatMap(({ declaredLosses }) => declaredLosses)
    expect(unaccounted([...all, ...last], sent, losses)).toEqual([])
    const ends = losses.filter(({ kind }) => kind === 'epoch-end')
    for (const { lane: of, from, frames } of ends) {
      const mine = all.filter(({ name }) => name.lane === of)
      expect([from, frames]).toEqual([mine.length + 1, mine.reduce((sum, { packets }) => sum + packets, 0)])
    }
    expect(ends).toHaveLength(2)
    expect(sent[0]!.name).toEqual(all[0]!.name)
  })
})

describe('a spool', () => {
  test('drops what is older than its age limit, and declares it', async () => {
    let nowMs = 1_000_000
    const spool = await openSpool(freshFolder(), { ageLimitMs: 60_000, nowMs: () => nowMs })
    const lane = new TestLane(spool)
    for (let i = 0; i < 4; i++) {
      await spool.append(lane.next(5), null)
      nowMs += 25_000
    }
    const carriers: RawBatch[] = []
    const numbers = (await takeAll(spool)).map(({ batch }) => batch.name.number)
    carriers.push(lane.next())

    expect(numbers).toEqual([3, 4])
    expect(carriers[0]!.declaredLosses).toMatchObject([{ kind: 'spool-drop', from: 1, to: 2, frames: 10 }])
    expect(spool.counters.dropped.get('age')).toEqual({ batches: 2, frames: 10 })
    await spool.stop()
  })

  test('declares a batch that the brokers refuse, and the lane goes on', async () => {
    const spool = await openSpool(freshFolder())
    const lane = new TestLane(spool)
    for (let i = 0; i < 3; i++) await spool.append(lane.next(), null)
    const [one, two, three] = await spool.next()
    spool.acknowledge(one!.sequence)
    await spool.refuse(two!)
    spool.acknowledge(three!.sequence)

    expect(spool.waitingBatches).toBe(0)
    expect(lane.next().declaredLosses).toMatchObject([{ from: 2, to: 2, frames: 10, kind: 'spool-drop' }])
    await spool.stop()
  })

  test('deletes what is acknowledged, and never the newest facts of a lane', async () => {
    const folder = freshFolder()
    const spool = await openSpool(folder, { sizeLimitBytes: MIB })
    const lane = new TestLane(spool)
    for (let i = 0; i < 40; i++) {
      await spool.append(lane.next(10, 50_000), null)
      await takeAll(spool)
    }
    expect(spool.sizeBytes).toBeLessThan(MIB / 4)
    await spool.stop()

    const next = await openSpool(folder)
    expect(next.nextLosses()).toMatchObject([{ kind: 'epoch-end', from: 41, frames: 400 }])
    await next.stop()
  })
})
