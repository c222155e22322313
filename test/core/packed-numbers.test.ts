import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { PackedNumbersError, PackedReader, PackedWriter, readValues } from '../../core/packed-numbers.ts'

const number = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat(),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER)
)
const items = fc.array(fc.record({ isByte: fc.boolean(), value: number }), { maxLength: 3000 })

test('numbers come back as they were written, however many, and a writer begins anew', () => {
  const writer = new PackedWriter()
  fc.assert(
    fc.property(items, (given) => {
      for (const { isByte, value } of given) {
        if (isByte) writer.byte(value)
        else writer.varint(value)
      }
      const reader = new PackedReader(writer.finish())

      for (const { isByte, value } of given)
        expect(isByte ? reader.byte() : reader.varint()).toBe(isByte ? value % 256 : value)
      expect(reader.isAtEnd).toBe(true)
      expect(writer.finish().length).toBe(0)
    }),
    { numRuns: 50 }
  )
})

test('what is cut or has no end is refused, and nothing beyond the end is read', () => {
  expect(() => new PackedReader(new Uint8Array(0)).byte()).toThrow(PackedNumbersError)
  expect(() => new PackedReader(Uint8Array.of(0x80)).varint()).toThrow(PackedNumbersError)
  expect(() => new PackedReader(new Uint8Array(20).fill(0x80)).varint()).toThrow(PackedNumbersError)
  const reader = new PackedReader(Uint8Array.of(1, 2, 3))
  expect(reader.byte()).toBe(1)
  expect(reader.skip(2)).toBe(1)
  expect(() => reader.skip(1)).toThrow(PackedNumbersError)
})

test('values come back from their distances, and a count that lies is refused before there is memory for it', () => {
  const writer = new PackedWriter()
  for (const distance of [5, 0, 2 ** 32 - 6]) writer.varint(distance)
  const bytes = writer.finish()

  expect([...readValues(new PackedReader(bytes), 3)]).toEqual([5, 5, 2 ** 32 - 1])
  expect(() => readValues(new PackedReader(bytes), 2 ** 40)).toThrow(PackedNumbersError)
})
