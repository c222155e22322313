import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  deflatedFrame,
  identityOf,
  mergeStored,
  newLogId,
  plainFrame
} from '../../../adapters/redis/stored-log.ts'
import { PackedNumbersError } from '../../../core/packed-numbers.ts'

class Collected {
  readonly logs: Uint8Array[] = []
  merge(log: Uint8Array): void {
    this.logs.push(Uint8Array.from(log))
  }
}

const logs = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 300 })), { maxLength: 6 })

function stored(frames: readonly (readonly [boolean, Uint8Array])[]): Buffer {
  return Buffer.concat([
    newLogId(),
    ...frames.map(([isPlain, log]) => (isPlain ? plainFrame : deflatedFrame)(log))
  ])
}

describe('a stored log', () => {
  test('gives back every frame, plain or deflated, in order', () => {
    fc.assert(
      fc.property(logs, (frames) => {
        const found = new Collected()
        mergeStored(stored(frames), found)

        expect(found.logs).toEqual(frames.map(([, log]) => log))
      })
    )
  })

  test('one that is cut anywhere but between two frames is refused', () => {
    const frames = [plainFrame(Uint8Array.of(1, 2, 3)), deflatedFrame(new Uint8Array(500))]
    const whole = Buffer.concat([newLogId(), ...frames])
    const ends = new Set([8, 8 + frames[0]!.length, whole.length])
    for (let length = 0; length <= whole.length; length++) {
      const read = () => mergeStored(whole.subarray(0, length), new Collected())
      if (ends.has(length)) expect(read).not.toThrow()
      else expect(read).toThrow(PackedNumbersError)
    }
  })

  test('a frame of a kind that nobody writes is refused', () => {
    const frame = plainFrame(Uint8Array.of(1))
    frame[0] = 2

    expect(() => mergeStored(Buffer.concat([newLogId(), frame]), new Collected())).toThrow(PackedNumbersError)
  })

  test('a deflated frame that is damaged is refused', () => {
    const frame = deflatedFrame(Uint8Array.from({ length: 500 }, (_, i) => i % 7))
    // A kind of block that RFC 1951 does not have.
    frame[5] = 7

    expect(() => mergeStored(Buffer.concat([newLogId(), frame]), new Collected())).toThrow(PackedNumbersError)
  })

  test('is told from another by its id, also of the same length', () => {
    const [one, other] = [stored([[true, Uint8Array.of(1)]]), stored([[true, Uint8Array.of(1)]])]

    expect(identityOf(one)).toEqual({ sizeBytes: one.length, id: one.subarray(0, 8) })
    expect(identityOf(one).id.equals(identityOf(other).id)).toBe(false)
  })
})
