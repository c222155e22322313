import { expect, test } from '@jest/globals'
import { Batcher, DEFAULT_BATCH_LIMITS } from '../../../core/batch/batcher.ts'
import { MAX_BATCH_BYTES, MAX_BATCH_FRAMES, type RawBatch } from '../../../core/batch/raw-batch.ts'
import { frameOf, ipv6Packet, synPacket } from '../../builders/frames.ts'

function createBatcher(limits = DEFAULT_BATCH_LIMITS, reusesMemory = false): Batcher {
  return new Batcher({
    sensor: 'local',
    epoch: 'ab',
    epochStartedMs: 0,
    lane: 0,
    file: 'a.pcap',
    limits,
    withDigest: true,
    reusesMemory
  })
}

function batchesOf(batcher: Batcher, frames: readonly ReturnType<typeof frameOf>[]): RawBatch[] {
  const batches = frames.map((frame) => batcher.add(frame))
  return [...batches, batcher.close()].filter((batch) => batch !== null)
}

test('batches are numbered from 1 and say how many frames came before', () => {
  const frames = [1, 2, 3, 4, 5].map((number) => frameOf(synPacket(), number))

  const batches = batchesOf(createBatcher({ ...DEFAULT_BATCH_LIMITS, frames: 2 }), frames)

  expect(batches.map(({ name, packets, framesBefore }) => [name.number, packets, framesBefore])).toEqual([
    [1, 2, 0],
    [2, 2, 2],
    [3, 1, 4]
  ])
  expect(batches.map(({ frames: numbers }) => [...numbers])).toEqual([[1, 2], [3, 4], [5]])
})

test('a batch ends where the packet time leaves its limit, forwards or backwards', () => {
  const seconds = [100, 159, 160, 219, 90, 91]
  const frames = seconds.map((second, index) => frameOf(synPacket(), index + 1, second))

  const batches = batchesOf(createBatcher(), frames)

  expect(batches.map(({ packets }) => packets)).toEqual([2, 2, 2])
})

test('a frame that is no IP packet, or whose time cannot be told in 32 bits, is refused with its first 64 bytes', () => {
  const arp = new Uint8Array(100).fill(7)
  arp.set([8, 6], 12)
  const frames = [frameOf(arp, 1, 100, 1), frameOf(synPacket(), 2, 2 ** 32), frameOf(synPacket(), 3, -1)]

  const [batch] = batchesOf(createBatcher(), frames)

  expect(batch!.packets).toBe(0)
  expect(batch!.refused.map(({ frame, reason, linkType }) => [frame, reason, linkType])).toEqual([
    [1, 'not-ip', 1],
    [2, 'time-out-of-range', 101],
    [3, 'time-out-of-range', 101]
  ])
  expect(batch!.refused[0]!.bytes).toEqual(arp.subarray(0, 64))
  expect(batch!.refused[0]!.lengthBytes).toBe(100)
})

test('payload stays at the sensor', () => {
  const secret = new TextEncoder().encode('password=hunter2')

  const [batch] = batchesOf(createBatcher(), [frameOf(synPacket({ payload: secret }), 1)])

  expect(Buffer.from(batch!.capture).includes('hunter2')).toBe(false)
  expect(batch!.capture.length).toBe(24 + 16 + 40)
})

test('no batch passes 4,096 frames or 384 KiB, whatever the frames are', () => {
  const bigOptions = synPacket({ payload: new Uint8Array(40) })
  bigOptions[32] = 0xf0
  const makers = [() => synPacket(), () => ipv6Packet(), () => bigOptions, () => new Uint8Array(2000)]
  for (const make of makers) {
    const frames = Array.from({ length: 10_000 }, (_, index) => frameOf(make(), index + 1))

    const batches = batchesOf(createBatcher(), frames)

    for (const batch of batches) {
      const refusedBytes = batch.refused.reduce((sum, { bytes }) => sum + bytes.length + 40, 0)
      expect(batch.packets + batch.refused.length).toBeLessThanOrEqual(MAX_BATCH_FRAMES)
      expect(batch.capture.length + refusedBytes).toBeLessThanOrEqual(MAX_BATCH_BYTES + 24)
    }
    const total = batches.reduce((sum, batch) => sum + batch.packets + batch.refused.length, 0)
    expect(total).toBe(10_000)
  }
})

test('the same frames give the same batches and digests, and one other byte another digest', () => {
  const frames = [frameOf(synPacket(), 1), frameOf(synPacket({ dstPort: 2323 }), 2)]
  const others = [frameOf(synPacket(), 1), frameOf(synPacket({ dstPort: 2324 }), 2)]

  const [first] = batchesOf(createBatcher(), frames)
  const [again] = batchesOf(createBatcher(), frames)
  const [other] = batchesOf(createBatcher(), others)

  expect(again).toEqual(first)
  expect(first!.digest).toMatch(/^[0-9a-f]{64}$/)
  expect(other!.digest).not.toBe(first!.digest)
})

test('a frame without a possible time says nothing about when its batch ends', () => {
  const times = [2 ** 32 + 5, 1_655_000_000, 2 ** 32 + 5, 1_655_000_001]
  const frames = times.map((seconds, i) => frameOf(synPacket(), i + 1, seconds))

  const batches = batchesOf(createBatcher(), frames)

  expect(batches).toHaveLength(1)
  expect([batches[0]!.packets, batches[0]!.refused.length]).toEqual([2, 2])
})

test('nothing held, nothing closed', () => {
  expect(createBatcher().close()).toBeNull()
})

test('memory that is used again holds each batch until the next one is given', () => {
  const frames = Array.from({ length: 10 }, (_, i) => frameOf(synPacket({ seq: i + 1 }), i + 1))
  const limits = { ...DEFAULT_BATCH_LIMITS, frames: 3 }
  const copied = batchesOf(createBatcher(limits), frames)
  const reusing = createBatcher(limits, true)

  const copies: RawBatch[] = []
  const take = (batch: RawBatch | null) => {
    if (batch === null) return
    copies.push({ ...batch, capture: batch.capture.slice(), frames: [...batch.frames] })
  }
  for (const frame of frames) take(reusing.add(frame))
  take(reusing.close())

  expect(copies.map(({ capture, frames }) => [Buffer.from(capture), frames])).toEqual(
    copied.map(({ capture, frames }) => [Buffer.from(capture), [...frames]])
  )
})
