import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { REGISTERS } from '../../../core/sources/hyperloglog.ts'
import { SourceCells } from '../../../core/windows/source-cells.ts'
import { SECTION } from '../../../core/windows/sections.ts'
import { seriesName } from '../../../core/windows/series.ts'
import { addresses4, ALL, countedSources, sourceLog } from '../../builders/sources.ts'

const source = fc.record({
  number: fc.nat(3000),
  cells: fc.array(fc.tuple(fc.nat(2), fc.constantFrom(3, 6), fc.nat(3)), { minLength: 1, maxLength: 12 })
})

function enter(cells: SourceCells, when: number, kindAndTag: number, value: number, register: number): void {
  cells.enter(cells.cell(when, SECTION.series, kindAndTag, value), register)
}

test('over several takes every cell is told every source that it has', () => {
  fc.assert(
    fc.property(fc.array(fc.array(source, { maxLength: 40 }), { maxLength: 4 }), (flushes) => {
      const cells = new SourceCells()
      const plain = new Map<number, Uint8Array[]>()
      const given = new Map<number, Uint8Array[]>()
      for (const sources of flushes) {
        for (const { number, cells: own } of sources) {
          for (const [when, kindAndTag, value] of own) {
            const [register] = addresses4(number, number + 1)
            enter(cells, when, kindAndTag, value, register!)
            const log = sourceLog([[{ kindAndTag, value }, [register!]]])
            plain.set(when, [...(plain.get(when) ?? []), log])
          }
        }
        for (const [when, log] of cells.take()) given.set(when, [...(given.get(when) ?? []), log])
      }

      expect(new Set(given.keys())).toEqual(new Set(plain.keys()))
      for (const [when, logs] of given)
        expect(countedSources(...logs)).toEqual(countedSources(...plain.get(when)!))
      expect(cells.take().size).toBe(0)
    }),
    { numRuns: 60 }
  )
})

test('a cell of many sources is told a register only when it rises, and loses none', () => {
  const cells = new SourceCells()
  const logs: Uint8Array[] = []
  let told = 0
  for (let round = 0; round < 40; round++) {
    for (const register of addresses4(round * 1000, round * 1000 + 2000)) enter(cells, 1, 0, 0, register)
    for (const [, log] of cells.take()) {
      logs.push(log)
      told += log.length / 3
    }
  }

  const all = sourceLog([[ALL, addresses4(0, 41_000)]])
  expect(countedSources(...logs)).toEqual(countedSources(all))
  expect(told).toBeLessThan(3 * REGISTERS)
})

test('a cell of few sources is told each about once, and so are many such cells', () => {
  const cells = new SourceCells()
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 20_000; n++) enter(cells, 1, 3, n, addresses4(n, n + 1)[0]!)
    const sources = countedSources(...cells.take().values())
    if (round > 0) expect(sources.size).toBeLessThan(15_000)
    else expect(sources.get(seriesName(3, 19_999))).toBe(1)
  }
})

test('what was told is told again after forget, and what was not taken is forgotten', () => {
  const cells = new SourceCells()
  enter(cells, 1, 0, 0, 5)
  const first = cells.take()
  enter(cells, 1, 0, 0, 5)
  expect(cells.take().size).toBe(0)
  enter(cells, 1, 0, 0, 6)
  cells.forget()
  expect(cells.take().size).toBe(0)
  enter(cells, 1, 0, 0, 5)

  expect(cells.take()).toEqual(first)
})
