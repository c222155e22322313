// Packets in at one end, the judged surge's alert out at the other: the real detector judges what the pipeline counted, hour by
// hour on a clock that is ahead, and keeps what it knows in the real Redis.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisSurgeStore } from '../../adapters/redis-surge-store.ts'
import type { ExportedWindow } from '../../core/counts/exported-window.ts'
import type { DetectorCounters } from '../../services/detector/metrics.ts'
import { poisson } from '../builders/poisson.ts'
import { until } from '../stack/process-life.ts'
import { sharedRedis } from '../stack/shared-stack.ts'
import { Alerting, RUNBOOKS } from './alerting.ts'
import { EmbeddedTelescope, SENSORS } from './embedded-telescope.ts'

const HOUR = 3600
const HISTORY_DAYS = 40
/** Sources an hour of each sensor, no two sensors' the same. */
const USUAL = 60
/** Every series that the sensors' SYNs to 23/TCP are of. */
const TAGS = ['scan', 'tcp-no-options']
const SERIES = [
  'all',
  'port=23/TCP',
  'region=ZZ',
  'asn=0',
  ...TAGS.flatMap((tag) => [`tag=${tag}`, `port=23/TCP,tag=${tag}`, `region=ZZ,tag=${tag}`])
]

const telescope = new EmbeddedTelescope()
const alerting = new Alerting(telescope)
const namespace = `test:${randomUUID()}`
let surges: RedisSurgeStore
let counters: DetectorCounters
let hour: number

/** Hours of five sensors as usual, up to the one in which the test begins. */
function history(end: number): ExportedWindow[] {
  return Array.from({ length: HISTORY_DAYS * 24 }, (_, index) => {
    const startSeconds = end - (HISTORY_DAYS * 24 - index) * HOUR
    const sources = poisson(USUAL * SENSORS.length, index)
    return {
      window: { size: 'hour', zone: 'UTC', startSeconds, vantage: 'all' },
      counts: SERIES.map((series) => ({ series, packets: sources, sources }))
    }
  })
}

beforeAll(async () => {
  hour = (Math.floor(telescope.nowMs() / 1000 / HOUR) + 1) * HOUR
  // Hours are judged without waiting for sensors that are silent.
  telescope.skip(hour * 1000 - telescope.nowMs() + 1_200_000)
  await telescope.importHours(history(hour))
  await telescope.start()
  surges = new RedisSurgeStore(await sharedRedis(), namespace)
  await surges.start()
  counters = await telescope.judge(surges)
  await until('history is judged', () => counters.judgedUpToSeconds === hour, 30_000)
  await alerting.start()
}, 90_000)

afterAll(async () => {
  await alerting.stop()
  await telescope.stop()
  await surges.stop()
  const redis = new Redis(await sharedRedis())
  await redis.unlink(await redis.keys(`${namespace}:*`))
  await redis.quit()
})

/** An hour with so many sources at each sensor that is not silent, until it is judged. */
async function playHour(sources: number): Promise<void> {
  const listening = SENSORS.length - telescope.silent.size
  await telescope.sendSources(sources)
  const end = Date.now() + 10_000
  while ((await telescope.countedPackets(hour)) < sources * listening) {
    if (Date.now() > end) throw new Error('the packets of an hour are not counted')
    await delay(20)
  }
  telescope.skip(HOUR * 1000)
  hour += HOUR
  await until('the hour is judged', () => counters.judgedUpToSeconds === hour, 10_000)
}

const isOfSurge = (alert: string): boolean => /Surge|HeavyHitter/.test(alert)

test('two of five sensors that fall silent, and come back, are no surge', async () => {
  const start = alerting.mark()
  for (let i = 0; i < 3; i++) await playHour(USUAL)
  telescope.silent.add('tokyo-1').add('osaka-1')
  for (let i = 0; i < 4; i++) await playHour(USUAL)
  telescope.silent.clear()
  for (let i = 0; i < 24; i++) await playHour(USUAL)
  await delay(3000)

  expect(alerting.toldSince(start).filter(isOfSurge)).toEqual([])
  expect([counters.open, telescope.failures]).toEqual([[], []])
}, 120_000)

test('four times the sources page once, within their first hour, with their ratio; and are resolved when they are gone', async () => {
  const start = alerting.mark()
  await telescope.sendSources(4 * USUAL)
  await until('it is raised', () => counters.open.length > 0, 20_000)
  expect(new Set(counters.open.map(({ state }) => state))).toEqual(new Set(['early']))
  await until('it is told', () => alerting.told('page', start).some(isOfSurge), 30_000)

  for (let i = 0; i < 4; i++) await playHour(4 * USUAL)
  await delay(3000)
  const pages = alerting.told('page', start).filter(isOfSurge)
  expect(pages).toEqual([expect.stringMatching(/^Surge\(.*\) firing$/)])
  const told = alerting.receiver.received.slice(start).filter(({ receiver }) => receiver === 'page')
  const page = told.findLast(({ labels }) => labels['alertname'] === 'StormpetrelSurge')!
  expect(page.annotations['description']).toMatch(
    / is (3\.[5-9]|4|4\.[0-4])\d* times its baseline since 20\d\d-/
  )
  expect(page.annotations['runbook_url']).toBe(`${RUNBOOKS}/surge.md`)

  for (let i = 0; i < 6 && counters.open.length > 0; i++) await playHour(USUAL)
  expect(counters.open).toEqual([])
  await alerting.untilTold(start, [pages[0]!.replace('firing', 'resolved')])
  expect(telescope.failures).toEqual([])
}, 180_000)
