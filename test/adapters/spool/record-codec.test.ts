import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { decodeRecord, encodeRecord } from '../../../adapters/spool/record-codec.ts'
import type { SpoolRecord } from '../../../core/spool/spool-records.ts'

const count = fc.nat(2 ** 31)
const loss = fc.record({
  epoch: fc.stringMatching(/^[0-9a-f]{32}$/),
  lane: fc.nat(99_999),
  from: count,
  to: count,
  frames: count,
  kind: fc.constantFrom('epoch-end' as const, 'spool-drop' as const)
})
const position = fc.record({
  file: fc.record({
    name: fc.string(),
    inode: fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
    sizeBytes: fc.maxSafeNat(),
    modifiedNs: fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
    head: count,
    headBytes: fc.nat(4096)
  }),
  frames: count,
  isFinished: fc.boolean()
})
const span = fc.tuple(count, count)
const laneEnd = fc.record({ lane: count, number: count, frames: count })
const record: fc.Arbitrary<SpoolRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('batch' as const),
    entry: fc.record({
      sequence: count,
      epoch: fc.string(),
      lane: count,
      number: count,
      frames: count,
      framesBefore: count,
      spooledAtMs: fc.maxSafeNat(),
      partition: fc.option(count),
      losses: fc.array(loss),
      position: fc.option(position)
    })
  }),
  fc.record({
    kind: fc.constant('state' as const),
    state: fc.record({
      version: fc.constant(1 as const),
      sensor: fc.string(),
      epoch: fc.string(),
      epochStartedMs: fc.maxSafeNat(),
      laneEnds: fc.array(laneEnd),
      partitions: fc.array(span),
      nextSequence: count,
      doneThrough: count,
      dropped: fc.array(span),
      handedThrough: count,
      losses: fc.array(loss),
      current: fc.option(position),
      finished: fc.array(position),
      schema: fc.string()
    })
  }),
  fc.record({
    kind: fc.constant('drop' as const),
    drop: fc.record({
      reason: fc.constantFrom('full' as const, 'age' as const, 'refused' as const, 'damaged' as const),
      sequences: fc.option(span),
      unwritten: fc.option(fc.record({ end: laneEnd, position: fc.option(position) })),
      losses: fc.array(loss)
    })
  }),
  fc.record({ kind: fc.constantFrom('done' as const, 'handed' as const), through: count }),
  fc.record({ kind: fc.constant('partition' as const), lane: count, partition: count }),
  fc.record({ kind: fc.constant('position' as const), position })
)
const segment = fc.nat(2 ** 31)

describe('a record', () => {
  test('is read as it was written, wherever it lies', () => {
    fc.assert(
      fc.property(segment, record, fc.uint8Array(), fc.uint8Array(), (number, written, value, before) => {
        const batchValue = written.kind === 'batch' ? value : new Uint8Array(0)
        const bytes = encodeRecord(number, written, batchValue)
        const read = decodeRecord(number, Buffer.concat([before, bytes, before]), before.length)

        expect(read).toEqual({
          record: written,
          value: Buffer.from(batchValue),
          end: before.length + bytes.length
        })
      })
    )
  })

  test('with any byte changed, or of another segment, is none', () => {
    fc.assert(
      fc.property(
        segment,
        record,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (number, written, at, change) => {
          const bytes = encodeRecord(number, written)
          expect(decodeRecord(number + 1, bytes, 0)).toBe('bad')

          bytes[at % bytes.length]! ^= change

          expect(['bad', 'short']).toContain(decodeRecord(number, bytes, 0))
        }
      )
    )
  })

  test('is short at every length below its own', () => {
    const bytes = encodeRecord(3, { kind: 'done', through: 7 })
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeRecord(3, bytes.subarray(0, length), 0)).toBe('short')
    }
  })
})
