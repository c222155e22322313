import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { PcapngInterface } from '../../../core/capture/pcapng-interface.ts'

function clock(timeResolution: number, timeOffsetSeconds = 0): PcapngInterface {
  return new PcapngInterface({ linkType: 1, snapLengthBytes: 0, timeResolution, timeOffsetSeconds })
}

const time = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 1_500_000_000_000_000_000n, max: 2_000_000_000_000_000_000n })
)

describe('the time of a pcapng packet', () => {
  test('is exact to the nanosecond in every resolution', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.array(time, { minLength: 1 }), (resolution, times) => {
        const source = clock(resolution)
        const units = (resolution > 127 ? 2n : 10n) ** BigInt(resolution & 0x7f)
        for (const ticks of times) {
          source.setTime(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn))

          // Numbers of seconds over 2^53, 285 million years, are rounded.
          if (ticks / units < 2n ** 53n) expect(source.seconds).toBe(Number(ticks / units))
          else expect(source.seconds / Number(ticks / units)).toBeCloseTo(1, 12)
          expect(source.nanoseconds).toBe(Number(((ticks % units) * 1_000_000_000n) / units))
        }
      }),
      { numRuns: 1000 }
    )
  })

  test('may lie long after 2106', () => {
    const source = clock(6)

    source.setTime(0xffff_ffff, 0xffff_ffff)

    expect([source.seconds, source.nanoseconds]).toEqual([18_446_744_073_709, 551_615_000])
  })

  test('has the offset of its interface added in every resolution', () => {
    for (const resolution of [6, 9, 18, 0x80 + 10, 0x80 + 40]) {
      const source = clock(resolution, -3)

      source.setTime(0, 0)

      expect([source.seconds, source.nanoseconds]).toEqual([-3, 0])
    }
  })
})
