import { describe, expect, test } from '@jest/globals'
import { assert, constantFrom, integer, oneof, property } from 'fast-check'
import {
  dayEndSeconds,
  dayStartSeconds,
  formatWindowStart,
  instantOfLocalSeconds,
  resolveTimeZone,
  utcOffsetSeconds,
  windowEndSeconds,
  windowStartSeconds
} from '../../../core/windows/time-zone.ts'

const at = (text: string): number => Date.parse(text) / 1000
const dayStart = (zone: string, text: string): string =>
  formatWindowStart({ size: 'day', zone, startSeconds: dayStartSeconds(zone, at(text)) })

const ZONES = [
  'Asia/Tokyo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Asia/Beirut',
  'Africa/Casablanca',
  'Africa/Monrovia',
  'Pacific/Apia',
  'Pacific/Kwajalein',
  'Pacific/Kiritimati',
  'America/Toronto',
  'Asia/Tehran',
  'Pacific/Chatham',
  'Antarctica/Troll',
  'Europe/Dublin',
  'UTC'
]
const zone = constantFrom(...ZONES)
const instant = oneof(
  integer({ min: 0, max: 2 ** 32 - 1 }),
  integer({ min: 0, max: at('2026-01-01T00:00:00Z') })
)

function hoursInNewYork(text: string): number {
  const zone = 'America/New_York'
  return (dayEndSeconds(zone, at(text)) - dayStartSeconds(zone, at(text))) / 3600
}

/** The calendar date as the engine prints it: an oracle that shares no code with the one under test. */
function printedDate(zone: string, seconds: number): string {
  return new Date(seconds * 1000).toLocaleDateString('sv-SE', { timeZone: zone })
}

describe('days in time zones', () => {
  test('a day in Tokyo begins at 15:00 UTC of the day before', () => {
    expect(dayStart('Asia/Tokyo', '2022-05-10T15:00:00Z')).toBe('2022-05-11T00:00:00+09:00')
    expect(dayStart('Asia/Tokyo', '2022-05-10T14:59:59Z')).toBe('2022-05-10T00:00:00+09:00')
  })

  test('offsets of 45 and 30 minutes are kept', () => {
    expect(dayStart('Asia/Kathmandu', '2022-05-11T12:00:00Z')).toBe('2022-05-11T00:00:00+05:45')
    expect(dayStart('Australia/Lord_Howe', '2022-01-11T12:00:00Z')).toBe('2022-01-11T00:00:00+11:00')
    expect(dayStart('Australia/Lord_Howe', '2022-07-11T12:00:00Z')).toBe('2022-07-11T00:00:00+10:30')
    expect(dayStart('America/St_Johns', '2022-01-11T12:00:00Z')).toBe('2022-01-11T00:00:00-03:30')
  })

  test('days of a change of clocks are 23 and 25 hours long', () => {
    expect(hoursInNewYork('2024-03-10T17:00:00Z')).toBe(23)
    expect(hoursInNewYork('2024-11-03T17:00:00Z')).toBe(25)
    expect(hoursInNewYork('2024-11-04T17:00:00Z')).toBe(24)
  })

  test('a day whose midnight is skipped begins when the clocks jump', () => {
    expect(dayStart('America/Sao_Paulo', '2018-11-04T12:00:00Z')).toBe('2018-11-04T01:00:00-02:00')
    expect(dayStart('Asia/Beirut', '2022-03-27T12:00:00Z')).toBe('2022-03-27T01:00:00+03:00')
  })

  test('a date that a zone skipped has no window', () => {
    const start = dayStartSeconds('Pacific/Apia', at('2011-12-30T09:00:00Z'))

    expect(dayStart('Pacific/Apia', '2011-12-30T09:00:00Z')).toBe('2011-12-29T00:00:00-10:00')
    expect(dayEndSeconds('Pacific/Apia', start) - start).toBe(86_400)
    expect(dayStart('Pacific/Apia', '2011-12-30T10:00:00Z')).toBe('2011-12-31T00:00:00+14:00')
  })

  test('an hour repeated after midnight stays in the new day', () => {
    // St. John's turned its clocks back at 00:01 to 23:01 of the day before (until 2011).
    const midnight = at('2010-11-07T02:30:00Z')

    expect(dayStart('America/St_Johns', '2010-11-07T02:30:30Z')).toBe('2010-11-07T00:00:00-02:30')
    expect(printedDate('America/St_Johns', midnight + 1800)).toBe('2010-11-06')
    expect(dayStart('America/St_Johns', '2010-11-07T03:00:00Z')).toBe('2010-11-07T00:00:00-02:30')
    expect(dayEndSeconds('America/St_Johns', midnight) - midnight).toBe(25 * 3600)
  })

  test('offsets with seconds, as Monrovia had until 1972, are exact', () => {
    expect(utcOffsetSeconds('Africa/Monrovia', 0)).toBe(-(44 * 60 + 30))
    expect(dayStart('Africa/Monrovia', '1970-06-01T12:00:00Z')).toBe('1970-06-01T00:00:00-00:44:30')
  })

  test('the first day of 1970 begins before 1970 east of Greenwich', () => {
    expect(dayStartSeconds('Asia/Tokyo', 0)).toBe(-9 * 3600)
  })

  test('days are intervals without gaps that hold their instants, in every zone and year', () => {
    assert(
      property(zone, instant, (zone, seconds) => {
        const start = dayStartSeconds(zone, seconds)
        const end = dayEndSeconds(zone, seconds)

        expect(start).toBeLessThanOrEqual(seconds)
        expect(end).toBeGreaterThan(seconds)
        expect(dayStartSeconds(zone, start)).toBe(start)
        expect(dayStartSeconds(zone, end - 1)).toBe(start)
        expect(dayStartSeconds(zone, end)).toBe(end)
        expect(dayEndSeconds(zone, end - 1)).toBe(end)
      }),
      { numRuns: 300 }
    )
  })

  test('the engine prints a new date at each start of a day, and an older one just before', () => {
    assert(
      property(zone, instant, (zone, seconds) => {
        const start = dayStartSeconds(zone, seconds)

        expect(printedDate(zone, start - 1) < printedDate(zone, start)).toBe(true)
        expect(printedDate(zone, seconds) <= printedDate(zone, start)).toBe(true)
      }),
      { numRuns: 200 }
    )
  })
})

describe('windows', () => {
  test('minutes and hours are UTC whatever the zone', () => {
    const seconds = at('2022-05-11T12:34:56Z')

    expect(windowStartSeconds('minute', 'Asia/Kathmandu', seconds)).toBe(at('2022-05-11T12:34:00Z'))
    expect(windowStartSeconds('hour', 'Asia/Kathmandu', seconds)).toBe(at('2022-05-11T12:00:00Z'))
    expect(formatWindowStart({ size: 'hour', zone: 'UTC', startSeconds: at('2022-05-11T12:00:00Z') })).toBe(
      '2022-05-11T12:00:00Z'
    )
  })

  test('the end of a window is the start of the next', () => {
    assert(
      property(constantFrom('minute', 'hour', 'day'), zone, instant, (size, zone, seconds) => {
        const startSeconds = windowStartSeconds(size, zone, seconds)
        const end = windowEndSeconds({ size, zone, startSeconds })

        expect(windowStartSeconds(size, zone, end)).toBe(end)
        expect(windowStartSeconds(size, zone, end - 1)).toBe(startSeconds)
      }),
      { numRuns: 100 }
    )
  })
})

describe('local times', () => {
  test('a local time is the first instant that shows it', () => {
    const local = at('2024-11-03T01:30:00Z')

    expect(instantOfLocalSeconds('America/New_York', local)).toBe(at('2024-11-03T05:30:00Z'))
  })

  test('a skipped local time is the instant of the jump', () => {
    const local = at('2024-03-10T02:30:00Z')

    expect(instantOfLocalSeconds('America/New_York', local)).toBe(at('2024-03-10T07:00:00Z'))
  })

  test('a local midnight is the start of its day', () => {
    assert(
      property(zone, instant, (zone, seconds) => {
        const start = dayStartSeconds(zone, seconds)

        expect(instantOfLocalSeconds(zone, start + utcOffsetSeconds(zone, start))).toBe(start)
      }),
      { numRuns: 100 }
    )
  })
})

describe('names of zones', () => {
  test('names are given in the engine’s spelling, and UTC has one name', () => {
    expect(resolveTimeZone('asia/tokyo')).toBe('Asia/Tokyo')
    expect(resolveTimeZone('Etc/UTC')).toBe('UTC')
    expect(resolveTimeZone('GMT')).toBe('UTC')
  })

  test('an unknown name is no zone', () => {
    expect(resolveTimeZone('Asia/Atlantis')).toBeNull()
    expect(resolveTimeZone('')).toBeNull()
  })
})
