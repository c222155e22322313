import { describe, expect, test } from '@jest/globals'
import { MmdbData } from '../../../core/geo/mmdb-data.ts'
import { control, encodeValue } from './mmdb-writer.ts'

function decode(bytes: readonly number[], offset = 0) {
  return new MmdbData(Uint8Array.from(bytes), 0, 'test.mmdb').valueAt(offset)
}

describe('MMDB values', () => {
  test('text, numbers, truth, lists and maps come back as they were written', () => {
    const value = { country: { iso_code: 'JP' }, numbers: [0, 1, 4_294_967_295], yes: true, no: false }

    expect(decode(encodeValue(value))).toEqual(
      new Map<string, unknown>([
        ['country', new Map([['iso_code', 'JP']])],
        ['numbers', [0, 1, 4_294_967_295]],
        ['yes', true],
        ['no', false]
      ])
    )
  })

  test('integers have as many bytes as the control byte says, none for 0', () => {
    expect(decode([...control(5, 0)])).toBe(0)
    expect(decode([...control(5, 2), 0x12, 0x34])).toBe(0x1234)
    expect(decode([...control(9, 5), 1, 0, 0, 0, 0])).toBe(2 ** 32)
    expect(decode([...control(10, 6), 1, 0, 0, 0, 0, 0])).toBe(2 ** 40)
    expect(decode([...control(8, 4), 0xff, 0xff, 0xff, 0xfe])).toBe(-2)
  })

  test('doubles, floats and bytes are read', () => {
    expect(decode([...control(3, 8), 0x3f, 0xf8, 0, 0, 0, 0, 0, 0])).toBe(1.5)
    expect(decode([...control(15, 4), 0x3f, 0xc0, 0, 0])).toBe(1.5)
    expect(decode([...control(4, 3), 7, 8, 9])).toEqual(Uint8Array.of(7, 8, 9))
  })

  test('text of every size class keeps its length', () => {
    for (const length of [0, 28, 29, 284, 285, 65_820]) {
      expect(decode(encodeValue('x'.repeat(length)))).toBe('x'.repeat(length))
    }
    const length = 65_821 + 2
    expect(decode([(2 << 5) | 31, 0, 0, 2, ...new Uint8Array(length).fill(0x78)])).toHaveLength(length)
  })

  test('pointers of all four sizes lead to the value, and reading goes on after them', () => {
    const target = encodeValue('far')
    const pad = (at: number) => [...new Uint8Array(at), ...target]

    expect(decode([...control(11, 2), 0x20, 6, ...encodeValue('x'), ...target])).toEqual(['far', 'x'])
    expect(decode([...pad(2048 + 3), 0x28, 0, 3], 2048 + 3 + target.length)).toBe('far')
    expect(decode([...pad(526_336 + 9), 0x30, 0, 0, 9], 526_336 + 9 + target.length)).toBe('far')
    expect(decode([...pad(70_000), 0x38, 0, 1, 0x11, 0x70], 70_000 + target.length)).toBe('far')
  })

  test.each([
    ['ends inside a value', [...control(2, 5), 0x61]],
    ['nests too deep', [0x20, 0]],
    ['has a map key that is no text', [...control(7, 1), ...encodeValue(1), ...encodeValue(1)]],
    ['has a value of unknown type 13', control(13, 0)]
  ])('bytes that make no sense are refused with the file: %s', (reason, bytes) => {
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'SP_GEO_DATABASE' }))
    expect(() => decode(bytes)).toThrow(`test.mmdb: ${reason}`)
  })
})
