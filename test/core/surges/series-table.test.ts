import { expect, test } from '@jest/globals'
import { OWN_START, ROW_LENGTH } from '../../../core/surges/layout.ts'
import { judgeHour } from '../../../core/surges/judge-hour.ts'
import { SeriesTable, STATE_BYTES } from '../../../core/surges/series-table.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../../core/surges/settings.ts'
import type { Surge } from '../../../core/surges/surge.ts'
import { thresholdsOf } from '../../../core/surges/thresholds.ts'
import { FIRST_HOUR, judgeAll, makeHours, openOf } from './made-series.ts'

const HOURS = 60 * 24
const THRESHOLDS = thresholdsOf(DEFAULT_SURGE_SETTINGS)
const risen = makeHours(HOURS, 15, (hour) => (hour >= 30 * 24 && hour < 36 * 24 ? 3 : 1))

test('a state that is written and read back goes on as if it had never been away', () => {
  // In the middle of learning, of a surge, and after it.
  for (const cut of [200, 31 * 24 + 5, 40 * 24]) {
    const changes: Surge[] = []
    let table = new SeriesTable()
    table.add()
    for (const [hour, counts] of risen.entries()) {
      if (hour === cut) {
        const bytes = table.write(0)
        expect(bytes.length).toBe(STATE_BYTES)
        table = new SeriesTable()
        // Another number is another row.
        table.add()
        table.add()
        expect(table.read(1, bytes)).toBe(true)
      }
      judgeHour(table, hour < cut ? 0 : 1, FIRST_HOUR + hour, counts, THRESHOLDS, changes)
    }

    const told = changes.map(({ detectedHour, kind, ratio }) => ({
      detectedHour: detectedHour - FIRST_HOUR,
      kind,
      ratio
    }))
    expect(told.length).toBeGreaterThan(1)
    expect(told).toEqual(
      judgeAll(risen).map(({ detectedHour, kind, ratio }) => ({ detectedHour, kind, ratio }))
    )
  }
})

test('a state of another version or size is not read, and nothing is changed', () => {
  const table = new SeriesTable()
  table.add()
  const before = table.write(0)
  const other = table.write(0)
  other[0] = 255

  expect(table.read(0, other)).toBe(false)
  expect(table.read(0, before.subarray(4))).toBe(false)
  expect(table.write(0)).toEqual(before)
})

test('series of one table know nothing of one another', () => {
  const table = new SeriesTable(1)
  const quiet = makeHours(HOURS, 15, () => 1, 7)
  const changes: Surge[] = []
  const numbers = [table.add(), table.add(), table.add()]
  for (let hour = 0; hour < HOURS; hour++) {
    for (const number of numbers) {
      const counts = (number === 1 ? risen : quiet)[hour]!
      judgeHour(table, number, FIRST_HOUR + hour, counts, THRESHOLDS, changes)
    }
  }

  expect(new Set(changes.map(({ series }) => series))).toEqual(new Set([1]))
  expect(changes.length).toBe(judgeAll(risen).length)
})

test('what is open can be asked of a state', () => {
  const table = new SeriesTable()
  judgeAll(risen.slice(0, 33 * 24), {}, table)
  const closed = new SeriesTable()
  judgeAll(risen, {}, closed)

  expect(openOf(table, 0)).toMatchObject([{ kind: 'step', closedHour: null }])
  expect(openOf(closed, 0)).toEqual([])
})

test('a state is about a kilobyte or two', () => {
  expect(STATE_BYTES).toBeLessThan(2048)
})

test('a series that begins with the history of another has none of its surges', () => {
  const table = new SeriesTable()
  const hours = makeHours(30 * 24 + 30, 15, (hour) => (hour >= 30 * 24 ? 3 : 1)).map((each, hour) =>
    hour >= 30 * 24 + 20 ? { ...each!, packets: 100_000 } : each
  )
  judgeAll(hours, {}, table)
  expect(openOf(table, 0).map(({ kind }) => kind)).toEqual(['step', 'heavy-hitter'])

  const bytes = table.write(0)
  const other = table.add()
  expect(table.readAsNew(other, bytes)).toBe(true)
  expect(openOf(table, other)).toEqual([])
  const kept = table.rows.slice(0, OWN_START)
  expect(table.rows.slice(ROW_LENGTH, ROW_LENGTH + OWN_START)).toEqual(kept)
  expect(table.readAsNew(other, bytes.subarray(4))).toBe(false)
})
