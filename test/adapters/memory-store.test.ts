import { describe, expect, test } from '@jest/globals'
import { MemoryStore } from '../../adapters/memory-store.ts'
import { DEFAULT_RETENTION } from '../../core/store/retention.ts'
import { countPart } from '../builders/counts.ts'
import { addresses4, ALL, sourcePart } from '../builders/sources.ts'
import { applyTo, describeCountStore, window } from './count-store-suite.ts'

const nowSeconds = () => Math.floor(Date.now() / 1000)

describeCountStore('the in-memory store', async (retention) => new MemoryStore({ retention, nowSeconds }))
describeCountStore('the in-memory store of several slots', async (retention) => {
  return new MemoryStore({ slots: 4, retention, nowSeconds })
})

describe('the clock of the in-memory store', () => {
  test('windows, sensors and sources are forgotten as it passes', async () => {
    let now = 1_000_000_800
    const retention = { minuteHours: 1, hourDays: 1, dayDays: 2 }
    const store = new MemoryStore({ retention, nowSeconds: () => now })
    const hour = now - (now % 3600)
    await applyTo(store, 'a', {
      counts: [countPart(now, 'a')],
      sources: [sourcePart(hour, [[ALL, addresses4(0, 1)]])]
    })

    now += 3659
    expect(await store.windows('minute', 'UTC', 'all')).toEqual([now - 3659])
    now += 1
    expect(await store.windows('minute', 'UTC', 'all')).toEqual([])
    expect(await store.vantages()).toEqual(['all'])
    now = hour + 25 * 3600
    expect(await store.windows('hour', 'UTC', 'all')).toEqual([])
    expect(await store.sensorPackets(hour)).toEqual(new Map())
    expect((await store.sources(window('hour', hour), ['all'])).get('all')).toBe(0)
    expect(await store.vantages()).toEqual(['all'])
    now = hour + 4 * 86_400
    expect(await store.vantages()).toEqual([])
  })

  test('a day of 25 hours is over after 25 hours', async () => {
    let now = Date.parse('2026-10-25T22:30:00Z') / 1000
    const settings = { retention: DEFAULT_RETENTION, dayZones: ['Europe/Berlin'] }
    const store = new MemoryStore({ ...settings, nowSeconds: () => now })
    const day = window('day', Date.parse('2026-10-24T22:00:00Z') / 1000, 'all', 'Europe/Berlin')
    const exported = { window: day, counts: [{ series: 'all', packets: 1, sources: 1 }] }
    expect(await store.putWindow(exported)).toBe('not-over')
    now += 1800
    expect(await store.putWindow(exported)).toBe('kept')
  })
})
