// Packets in at one end, the right alert out at the other: the services' own /metrics, the real Prometheus with the real rules,
// the real Alertmanager with the real routes. A minute of the rules is a second here.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '../stack/process-life.ts'
import { Alerting, RUNBOOKS } from './alerting.ts'
import { EmbeddedTelescope } from './embedded-telescope.ts'

/** Longer than every `for` that a calm telescope could trip: StormpetrelMetricMissing waits 15 minutes. */
const CALM_MS = 16_000

const telescope = new EmbeddedTelescope()
const alerting = new Alerting(telescope)
const { receiver } = alerting

beforeAll(async () => {
  await telescope.start()
  await alerting.start()
})

afterAll(async () => {
  await alerting.stop()
  await telescope.stop()
})

interface HeldAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly status: { readonly inhibitedBy: readonly string[] }
}

/** Alerts that Alertmanager has and holds back. */
async function held(): Promise<string[]> {
  const answer = await fetch(`${alerting.alertmanagerUrl}/api/v2/alerts`)
  const alerts = (await answer.json()) as HeldAlert[]
  return alerts
    .filter(({ status }) => status.inhibitedBy.length > 0)
    .map(({ labels }) => `${labels['alertname']} ${labels['series'] ?? labels['sensor'] ?? ''}`.trim())
    .sort()
}

async function untilHeld(alerts: readonly string[]): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const now = await held()
    if (alerts.every((alert) => now.includes(alert))) return
    if (Date.now() > deadline) throw new Error(`not held back: ${alerts.join()}; held are ${now.join()}`)
    await delay(100)
  }
}

test('a telescope that is well tells nobody anything, but that alerting works', async () => {
  await until('the watchdog is heard', () => receiver.told('heartbeat').length > 0, 30_000)
  await delay(CALM_MS)

  expect(alerting.toldSince(0)).toEqual([])
  expect(receiver.told('heartbeat')).toEqual(['Watchdog firing'])
  expect(telescope.failures).toEqual([])
}, 90_000)

test('a surge pages with its numbers; a sensor that falls silent is a notice, two of five are a page, and hold back what begins until they are heard', async () => {
  const start = alerting.mark()
  const nowSeconds = Date.now() / 1000
  telescope.surges.push({
    series: 'port=23/TCP',
    kind: 'step',
    severity: 'page',
    ratio: 3.42,
    onsetSeconds: nowSeconds - 7200
  })
  telescope.silent.add('tokyo-1')
  await alerting.untilTold(start, ['Surge(port=23/TCP) firing', 'SensorSilent(tokyo-1) firing'])
  expect(alerting.told('page', start)).toEqual(['Surge(port=23/TCP) firing'])
  const [page] = receiver.received.slice(start).filter(({ labels }) => labels['series'] === 'port=23/TCP')
  expect(page!.annotations['description']).toMatch(/^port=23\/TCP is 3\.42 times its baseline since 20\d\d-/)
  expect(page!.annotations['runbook_url']).toBe(`${RUNBOOKS}/surge.md`)

  telescope.silent.add('osaka-1')
  await alerting.untilTold(start, ['SensorsSilent firing'])
  const silence = alerting.mark()
  const begun = {
    series: 'region=JP',
    kind: 'spike',
    severity: 'page',
    ratio: 5,
    onsetSeconds: nowSeconds
  } as const
  telescope.surges.push(begun)
  await untilHeld(['StormpetrelSurge region=JP', 'StormpetrelSensorSilent tokyo-1'])
  await delay(1500)
  expect(alerting.told('page', silence)).toEqual([])

  telescope.silent.clear()
  await alerting.untilTold(silence, [
    'SensorsSilent resolved',
    'SensorSilent(tokyo-1) resolved',
    'Surge(region=JP) firing'
  ])
}, 120_000)

test('surges that are over are resolved; a tagger that is gone is a page, and that all sensors seem silent is held back', async () => {
  const start = alerting.mark()
  telescope.surges.length = 0
  await telescope.stopTagger()
  await alerting.untilTold(start, ['ServiceAbsent(stormpetrel-tagger) firing'])
  await untilHeld(['StormpetrelSensorsSilent'])

  await telescope.startTagger()
  await alerting.untilTold(start, [
    'ServiceAbsent(stormpetrel-tagger) resolved',
    'Surge(port=23/TCP) resolved',
    'Surge(region=JP) resolved'
  ])

  expect(alerting.toldSince(start).filter((one) => /Silent.* firing/.test(one))).toEqual([])
  expect(telescope.failures).toEqual([])
}, 90_000)
