import { describe, expect, test } from '@jest/globals'
import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { endSeconds, keepUntilSeconds, type Retention } from '../../../core/store/retention.ts'
import {
  changedSettings,
  forgottenUpToSeconds,
  isCountedAlike,
  isKept,
  newSettings,
  type StoreSettings,
  zonesKept
} from '../../../core/store/store-settings.ts'
import { dayStartSeconds } from '../../../core/windows/time-zone.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const NOW = 1_700_000_000
const KEPT: Retention = { minuteHours: 26, hourDays: 10, dayDays: 100 }
const made = newSettings({ retention: KEPT, dayZones: ['Asia/Tokyo', 'UTC', 'Asia/Dhaka'] })

function hoursKept(hourDays: number): { retention: Retention; dayZones: string[] } {
  return { retention: { ...KEPT, hourDays }, dayZones: [] }
}

describe('the settings of a store', () => {
  test('at first keep all that comes, in every zone that was named', () => {
    expect(zonesKept(made)).toEqual(['UTC', 'Asia/Dhaka', 'Asia/Tokyo'])
    expect(forgottenUpToSeconds('hour', made, NOW)).toBe(NOW - 10 * DAY)
    expect(isKept({ size: 'day', zone: 'Asia/Tokyo', startSeconds: NOW - 99 * DAY }, made, NOW)).toBe(true)
  })

  test('a run keeps everything, and keeps its settings', () => {
    const run = newSettings({ retention: null, dayZones: ['Asia/Tokyo'] })

    expect(changedSettings(run, { retention: null, dayZones: [] }, NOW)).toEqual(run)
    expect(isKept({ size: 'minute', zone: 'UTC', startSeconds: -60 }, run, NOW)).toBe(true)
  })

  test('a longer retention keeps what was forgotten forgotten, and what was written before for as long as then', () => {
    const longer = changedSettings(made, hoursKept(100), NOW)

    expect(forgottenUpToSeconds('hour', longer, NOW)).toBe(NOW - 10 * DAY)
    expect(forgottenUpToSeconds('hour', longer, NOW + 9 * DAY)).toBe(NOW - DAY)
    const written = NOW + HOUR + 3 * HOUR
    expect(forgottenUpToSeconds('hour', longer, NOW + 50 * DAY)).toBe(written)
    expect(forgottenUpToSeconds('hour', longer, NOW + 120 * DAY)).toBe(NOW + 20 * DAY)
    expect(forgottenUpToSeconds('minute', longer, NOW)).toBe(NOW - 26 * HOUR)
  })

  test('a retention that was shorter for a while is remembered as that', () => {
    const shorter = changedSettings(made, hoursKept(2), NOW)
    const longer = changedSettings(shorter, hoursKept(10), NOW + DAY)

    expect(shorter.earlier).toEqual([])
    expect(forgottenUpToSeconds('hour', longer, NOW + DAY)).toBe(NOW - DAY)
  })

  test('a zone that is added is kept from a day on that begins after it was', () => {
    const added = changedSettings(
      made,
      { retention: KEPT, dayZones: ['Asia/Tokyo', 'America/New_York'] },
      NOW
    )

    const since = added.zones['America/New_York']!
    expect(zonesKept(added)).toEqual(['UTC', 'America/New_York', 'Asia/Tokyo'])
    expect(added.zones['Asia/Tokyo']).toBe(0)
    expect(since).toBe(dayStartSeconds('America/New_York', since))
    expect(since - NOW).toBeGreaterThanOrEqual(3 * HOUR)
    expect(since - NOW).toBeLessThanOrEqual(28 * HOUR)
    const day = { size: 'day', zone: 'America/New_York' } as const
    expect(isKept({ ...day, startSeconds: since - DAY }, added, NOW)).toBe(false)
    expect(isKept({ ...day, startSeconds: since }, added, NOW)).toBe(true)
  })

  test('the same settings again change nothing, and count alike', () => {
    const wanted = { retention: KEPT, dayZones: ['Asia/Dhaka', 'Asia/Tokyo'] }
    const longer = changedSettings(made, { ...wanted, retention: { ...KEPT, dayDays: 200 } }, NOW)

    expect(changedSettings(made, wanted, NOW)).toEqual(made)
    expect(isCountedAlike(made, changedSettings(made, wanted, NOW))).toBe(true)
    expect(isCountedAlike(made, longer)).toBe(false)
    expect(isCountedAlike(made, changedSettings(made, { ...wanted, dayZones: [] }, NOW))).toBe(false)
  })

  test('whatever the changes, no window is taken for kept that Redis has forgotten', () => {
    const changes = array(
      record({ days: constantFrom(1, 2, 5, 9), afterHours: integer({ min: 0, max: 80 }) }),
      {
        maxLength: 8
      }
    )
    assert(
      property(changes, integer({ min: 0, max: 300 }), (steps, afterHours) => {
        let now = NOW
        let days = 3
        let settings: StoreSettings = newSettings(hoursKept(days))
        /** When each window is forgotten: written once, an hour before its end, by the retention of then. */
        const forgottenAt = new Map<number, number>()
        const pass = (hours: number): void => {
          for (const until = now + hours * HOUR; now < until; now += HOUR) {
            // What is beyond the retention of the moment leaves the index of windows, and does not come back.
            for (const [start, at] of forgottenAt) {
              const window = { size: 'hour', startSeconds: start } as const
              const cut = keepUntilSeconds(window, hoursKept(days).retention)
              if (cut <= now) forgottenAt.set(start, Math.min(at, cut))
            }
            const window = { size: 'hour', startSeconds: Math.floor(now / HOUR) * HOUR } as const
            forgottenAt.set(window.startSeconds, keepUntilSeconds(window, hoursKept(days).retention))
          }
        }
        for (const step of steps) {
          pass(step.afterHours)
          days = step.days
          settings = changedSettings(settings, hoursKept(days), now)
        }
        pass(afterHours)

        for (const [startSeconds, at] of forgottenAt) {
          const window = { size: 'hour', zone: 'UTC', startSeconds } as const
          if (endSeconds(window) <= now && isKept(window, settings, now)) expect(at).toBeGreaterThan(now)
        }
      })
    )
  })
})
