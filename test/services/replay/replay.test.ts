import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { InProcessBus } from '../../../adapters/in-process-bus.ts'
import { MemoryStore } from '../../../adapters/memory-store.ts'
import { DEFAULT_BATCH_LIMITS } from '../../../core/batch/batcher.ts'
import { Life } from '../../../services/life.ts'
import { playUntilCounted, type ReplayOptions } from '../../../services/replay/replay.ts'
import { newFolder, syn, writeCapture } from '../../cli/capture-files.ts'

let bus: InProcessBus
let options: Omit<ReplayOptions, 'onBatch'>

beforeEach(() => {
  // Nobody reads, so that the third batch waits for ever.
  bus = new InProcessBus({ partitions: 1, maxUnreadRecords: 2, nowMs: Date.now })
  const limits = { ...DEFAULT_BATCH_LIMITS, frames: 10 }
  const store = new MemoryStore()
  options = { bus, store, taggerGroup: 'tagger', limits, pollMs: 1 }
})

afterEach(() => bus.stop())

/** Plays 100 packets, and does something once the second batch is published. */
async function play(life: Life, onSecondBatch: () => void) {
  const reader = {
    assigned: () => Promise.resolve(0),
    begins: () => Promise.resolve(),
    records: () => new Promise<never>(() => undefined),
    revoked: () => undefined
  }
  await bus.subscribe('packets.raw', 'tagger', reader, life.fail)
  const records = Array.from({ length: 100 }, (_, i) => syn(i, 23))
  const path = writeCapture(newFolder(), 'a.pcap', records)
  let batches = 0
  const onBatch = (): void => {
    batches += 1
    if (batches === 2) setImmediate(onSecondBatch)
  }
  return await playUntilCounted(
    [{ sensor: 'local', file: { name: path, path } }],
    { ...options, onBatch },
    life
  )
}

test('a worker that fails ends a replay whose batch cannot be published', async () => {
  const life = new Life()

  const playing = play(life, () => life.fail(new Error('the tagger failed')))

  await expect(playing).rejects.toThrow('the tagger failed')
})

test('a replay that is told to stop while a batch cannot be published says what was published', async () => {
  const life = new Life()

  const { played, stored } = await play(life, life.end)

  expect([played.packets, stored]).toEqual([20, null])
})
