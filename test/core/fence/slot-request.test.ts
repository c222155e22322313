import { describe, expect, test } from '@jest/globals'
import { checkSlotRequest } from '../../../core/fence/slot-request.ts'
import type { SlotRequest } from '../../../core/store/count-store.ts'
import { slotOf } from '../../../core/store/slot.ts'
import { countPart } from '../../builders/counts.ts'

const part = countPart(60, 'a')
const batch = {
  name: { sensor: 'a', epoch: 'e1', lane: 0, number: 1 },
  digest: 'd',
  countedPackets: 1,
  rejectedFrames: [{ reason: 'not-ip', frames: 1 }],
  framesBefore: 0,
  closedAtMs: 0,
  kernelDrops: 0,
  declaredLosses: [],
  observedFromMs: null,
  watermarkSeconds: 61
}
const good: SlotRequest = {
  slot: slotOf('a', 4),
  spans: [{ topic: 't', partition: 0, from: 0, to: 1 }],
  batches: [batch],
  known: [batch.name],
  counts: [part],
  sources: [{ quarterSeconds: 900, vantages: ['all'], log: Uint8Array.of(0, 0, 1, 1, 0, 0) }]
}

describe('the check of a slot request', () => {
  test('a request that keeps the contract passes', () => {
    expect(() => checkSlotRequest(good, 4)).not.toThrow()
  })

  test.each<[string, Partial<SlotRequest>]>([
    ['a slot that is not there', { slot: 4 }],
    ['a batch of another slot', { slot: (good.slot + 1) % 4 }],
    ['a span that ends before it starts', { spans: [{ topic: 't', partition: 0, from: 2, to: 1 }] }],
    ['a broken offset', { spans: [{ topic: 't', partition: 0, from: 0.5, to: 1 }] }],
    ['a partition twice', { spans: [good.spans[0]!, good.spans[0]!] }],
    ['number 0', { batches: [{ ...batch, name: { ...batch.name, number: 0 } }] }],
    ['number 2^31 + 1', { batches: [{ ...batch, name: { ...batch.name, number: 2 ** 31 + 1 } }] }],
    ['a sensor with a bar', { batches: [{ ...batch, name: { ...batch.name, sensor: 'a|b' } }] }],
    [
      'less than no rejected frames',
      { batches: [{ ...batch, rejectedFrames: [{ reason: 'x', frames: -1 }] }] }
    ],
    ['a known name of another slot', { known: [{ ...batch.name, sensor: 'b' }] }],
    ['a known name and no span', { spans: [] }],
    ['a minute of no packets', { counts: [{ ...part, packets: 0 }] }],
    ['a minute of NaN packets', { counts: [{ ...part, packets: Number.NaN }] }],
    ['a minute over 2^40', { counts: [{ ...part, packets: 2 ** 40 + 1 }] }],
    ['packets of no minute', { counts: [{ ...part, minuteSeconds: 61 }] }],
    ['packets of another slot', { counts: [{ ...part, sensor: 'b' }] }],
    ['packets of no vantage', { counts: [{ ...part, vantages: [] }] }],
    ['packets of no cell', { counts: [{ ...part, log: new Uint8Array(0) }] }],
    ['sources of no quarter of an hour', { sources: [{ ...good.sources[0]!, quarterSeconds: 901 }] }],
    ['sources of no vantage', { sources: [{ ...good.sources[0]!, vantages: [] }] }],
    ['sources of no series', { sources: [{ ...good.sources[0]!, log: new Uint8Array(0) }] }]
  ])('%s is refused', (_, wrong) => {
    expect(() => checkSlotRequest({ ...good, ...wrong }, 4)).toThrow(RangeError)
  })
})
