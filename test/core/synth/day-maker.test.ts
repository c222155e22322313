// Days of a scenario: what is in them, and that they are the same whoever makes them.
import { expect, test } from '@jest/globals'
import { DayMaker, type DayMakerOptions } from '../../../core/synth/day-maker.ts'
import type { Scenario } from '../../../core/synth/scenario.ts'
import { FLAT, flow, scenario, smallSpace } from './synth-fixture.ts'

const SPACE = smallSpace()
const DAY = 19_005

interface Row {
  readonly sensor: number
  readonly time: number
  readonly src: number
  readonly dst: number
  readonly port: number
  readonly tool: string
}

function rows(made: Scenario, day: number, options: Partial<DayMakerOptions> = {}): Row[] {
  const found: Row[] = []
  new DayMaker(made, { packetsPerDay: 3000, seed: 1, ...options }, SPACE).forEach(
    day,
    ({ sensor, seconds, nanoseconds, facts }) => {
      const { src, dst, port, tool } = facts
      found.push({ sensor, time: seconds + nanoseconds / 1e9, src, dst, port, tool })
    }
  )
  return found
}

test('a day is the same whichever days were made before, and another one with another seed', () => {
  const made = scenario([flow('a', 'mirai'), flow('b', 'linux')])
  const maker = new DayMaker(made, { packetsPerDay: 3000, seed: 1 }, SPACE)
  const after: number[] = []
  maker.forEach(DAY - 1, () => undefined)
  maker.forEach(DAY, ({ facts }) => after.push(facts.src))

  const alone = rows(made, DAY)
  expect(after).toEqual(alone.map(({ src }) => src))
  expect(rows(made, DAY, { seed: 2 }).map(({ src }) => src)).not.toEqual(after)
  expect(Math.abs(alone.length / 3000 - 1)).toBeLessThan(0.15)
})

test('packets are in order of time, within the local day, at dark addresses of their sensor, by its clock', () => {
  const base = scenario([flow('a', 'mirai')])
  const [one, two] = base.sensors
  const made = { ...base, sensors: [one!, { ...two!, clockAheadSeconds: 3 }] }
  const found = rows(made, DAY)
  const start = DAY * 86_400 - 9 * 3600

  const right = found.map(({ time, sensor }) => time - (sensor === 1 ? 3 : 0))
  expect([...right].sort((a, b) => a - b)).toEqual(right)
  expect(right[0]!).toBeGreaterThanOrEqual(start)
  expect(right.at(-1)!).toBeLessThan(start + 86_400)
  for (const { sensor, dst } of found) {
    const [first, size] = sensor === 0 ? [0xc6120000, 256] : [0xc6120100, 128]
    expect(dst >= first && dst < first + size).toBe(true)
  }
  const ones = found.filter(({ sensor }) => sensor === 0).length
  expect(Math.abs(ones / found.length - 2 / 3)).toBeLessThan(0.05)
})

test('a sensor that is down or has not come yet sends nothing, and the others see what they would have seen', () => {
  const base = scenario([flow('a', 'mirai')])
  const [one, two] = base.sensors
  const down = { ...base, sensors: [one!, { ...two!, down: [DAY, DAY + 2] as const }] }
  const both = rows(base, DAY)
  expect(rows(down, DAY)).toEqual(both.filter(({ sensor }) => sensor === 0))
  expect(rows(down, DAY + 2).some(({ sensor }) => sensor === 1)).toBe(true)

  const later = { ...base, sensors: [one!, { ...two!, activeFromDay: DAY }] }
  expect(rows(later, DAY - 1).every(({ sensor }) => sensor === 0)).toBe(true)
  // What a sensor that comes later gets is beside what the first ones get.
  const [before, after] = [rows(later, DAY - 1), rows(later, DAY)]
  expect(Math.abs(before.length / 3000 - 1)).toBeLessThan(0.15)
  expect(after.length / before.length).toBeGreaterThan(1.3)
})

test('levels follow the curves, as shares of the mean of the reference days', () => {
  const curve = {
    points: [
      { day: 19_000, level: 1 },
      { day: 19_010, level: 1 },
      { day: 19_011, level: 3 }
    ],
    swing: null
  }
  const made = scenario([flow('a', 'mirai', { curve }), flow('b', 'linux')])
  const count = (day: number): number => rows(made, day).filter(({ tool }) => tool === 'mirai').length
  const [low, high] = [count(19_003), count(19_015)]
  expect(Math.abs(high / low - 3)).toBeLessThan(0.5)
  const mean =
    Array.from({ length: 20 }, (_, i) => count(19_000 + i)).reduce((sum, each) => sum + each, 0) / 20
  expect(Math.abs(mean / 1500 - 1)).toBeLessThan(0.1)
})

test('a fifth of the packets come from sources of one packet, the rest from a few that stay for their life', () => {
  const made = scenario([flow('a', 'mirai')])
  const sourcesOf = (day: number): Map<number, number> => {
    const counts = new Map<number, number>()
    for (const { src } of rows(made, day)) counts.set(src, (counts.get(src) ?? 0) + 1)
    return counts
  }
  const counts = sourcesOf(DAY)
  const heavy = [...counts].filter(([, packets]) => packets > 20).map(([src]) => src)
  expect(heavy.length).toBe(3)
  expect(Math.abs((counts.size - 3) / 600 - 1)).toBeLessThan(0.15)
  for (const src of counts.keys()) expect(src >>> 24).toBe(1)
  const days = Array.from({ length: 20 }, (_, i) => sourcesOf(19_000 + i))
  const seen = heavy.map((src) => days.filter((day) => day.has(src)).length)
  for (const each of seen) expect(each).toBeLessThanOrEqual(10)
  expect(Math.max(...seen)).toBeGreaterThan(1)
})

test('known scanners come from their networks, and nobody else does', () => {
  const regions = [{ region: 'US', weight: 1, tail: 0.5, heavy: 3, curve: FLAT }]
  const scanners = rows(scenario([flow('a', 'zmap', { regions, space: 'known-scanners' })]), DAY)
  for (const { src } of scanners) expect(src >>> 8).toBe(0xa28e7d)
  const others = rows(scenario([flow('a', 'zmap', { regions })]), DAY)
  for (const { src } of others) expect(src >>> 8).not.toBe(0xa28e7d)
  const nowhere = [{ region: 'KR', weight: 1, tail: 0.5, heavy: 3, curve: FLAT }]
  expect(
    () =>
      new DayMaker(
        scenario([flow('a', 'zmap', { regions: nowhere, space: 'known-scanners' })]),
        { packetsPerDay: 1, seed: 1 },
        SPACE
      )
  ).toThrow(/region KR has no addresses of known-scanners/)
})
