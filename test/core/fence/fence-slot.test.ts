import { describe, expect, test } from '@jest/globals'
import { FenceSlot } from '../../../core/fence/fence-slot.ts'
import type { FencedBatch, OffsetSpan } from '../../../core/store/count-store.ts'

const topic = 'packets.enriched'
const span = (from: number, to: number): OffsetSpan => ({ topic, partition: 0, from, to })

function batch(number: number, digest = `d${number}`, sensor = 'a'): FencedBatch {
  const name = { sensor, epoch: 'e1', lane: 0, number }
  return {
    name,
    digest,
    countedPackets: 10,
    rejectedFrames: [{ reason: 'not-ip', frames: 2 }],
    framesBefore: (number - 1) * 12,
    closedAtMs: number * 1000,
    kernelDrops: 0,
    declaredLosses: [],
    observedFromMs: null,
    watermarkSeconds: 100 + number
  }
}

function apply(slot: FenceSlot, spans: OffsetSpan[], batches: FencedBatch[]): string {
  const refusal = slot.check(spans, batches)
  if (refusal === null) slot.commit(spans, batches)
  return refusal?.kind ?? 'applied'
}

describe('a slot of the fence', () => {
  test('a batch is counted once, and a second copy is named with whether it is the same', () => {
    const slot = new FenceSlot()
    apply(slot, [span(0, 2)], [batch(1), batch(2)])

    expect(slot.check([span(0, 3)], [batch(3), batch(2), batch(1, 'other')])).toEqual({
      kind: 'seen',
      seen: [
        { index: 1, how: 'same' },
        { index: 2, how: 'other' }
      ]
    })
    expect(slot.totals()).toMatchObject([
      { sensor: 'a', countedPackets: 20, rejectedFrames: { 'not-ip': 4 }, capturedFrames: 24, gapFrames: 0 }
    ])
  })

  test('a name twice in one call is seen the second time', () => {
    expect(new FenceSlot().check([], [batch(1), batch(1), batch(1, 'x')])).toEqual({
      kind: 'seen',
      seen: [
        { index: 1, how: 'same' },
        { index: 2, how: 'other' }
      ]
    })
  })

  test('a span above the stored offset is behind, before names are looked at', () => {
    const slot = new FenceSlot()
    apply(slot, [span(0, 5)], [batch(1)])

    expect(slot.check([span(6, 9)], [batch(1)])).toEqual({ kind: 'behind', partition: 0, storedOffset: 5 })
  })

  test('a replay from a lower offset never moves the stored one down', () => {
    const slot = new FenceSlot()
    apply(slot, [span(0, 5)], [batch(1)])

    expect(apply(slot, [span(2, 4)], [])).toBe('applied')
    expect(slot.offset(topic, 0)).toBe(5)
  })

  test('the same numbers of another epoch or lane are other batches', () => {
    const slot = new FenceSlot()
    apply(slot, [], [batch(1)])
    const epoch = { ...batch(1), name: { ...batch(1).name, epoch: 'e2' } }
    const lane = { ...batch(1), name: { ...batch(1).name, lane: 1 } }

    expect(apply(slot, [], [epoch, lane])).toBe('applied')
  })

  test('digests of the newest thousand numbers are compared, older ones are taken as the same', () => {
    const slot = new FenceSlot()
    for (let number = 1; number <= 1001; number++) apply(slot, [], [batch(number)])

    expect(slot.check([], [batch(1, 'other'), batch(2, 'other'), batch(1001, 'other')])).toEqual({
      kind: 'seen',
      seen: [
        { index: 0, how: 'same' },
        { index: 1, how: 'other' },
        { index: 2, how: 'other' }
      ]
    })
    expect(slot.seenNumbers({ sensor: 'a', epoch: 'e1', lane: 0 })).toBe('1-1001:0-12012:1-1001')
  })

  test('watermarks rise only, and a batch without packets makes none', () => {
    const slot = new FenceSlot()
    apply(slot, [], [batch(5), batch(3), { ...batch(1, 'd', 'b'), watermarkSeconds: 0 }])

    expect([...slot.watermarks()]).toEqual([['a', 105]])
  })
})
