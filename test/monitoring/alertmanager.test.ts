import { execFile } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Alertmanager, startAlertmanager } from '../../tools/stack/alertmanager.ts'
import { until } from '../stack/process-life.ts'
import { allRules, MONITORING, parseYaml, textsOf } from './monitoring-files.ts'
import { scaledAlertmanager } from './scaled-files.ts'
import { nameOf, WebhookReceiver } from './webhook-receiver.ts'

const execute = promisify(execFile)
const FILE = path.join(MONITORING, 'alertmanager/alertmanager.yml')
const alerts = allRules().filter(({ alert }) => alert !== undefined)

type Labels = Readonly<Record<string, string>>

test('amtool finds the settings right', async () => {
  const { stdout } = await execute('amtool', ['check-config', FILE])

  expect(stdout).toContain('SUCCESS')
})

/** Which receiver amtool says that labels lead to. */
async function routeOf(labels: Labels): Promise<string> {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return (
    await execute('amtool', ['config', 'routes', 'test', `--config.file=${FILE}`, ...pairs])
  ).stdout.trim()
}

test('amtool leads every alert to the receiver of its severity, and what has none to a page', async () => {
  for (const { alert, labels } of alerts) {
    const severity = labels!['severity']!
    const receiver = await routeOf({ alertname: alert!, severity })
    expect([alert, receiver]).toEqual([alert, severity === 'none' ? 'heartbeat' : severity])
  }
  expect(await routeOf({ alertname: 'Unknown' })).toBe('page')
  expect(await routeOf({ alertname: 'StormpetrelSurge', severity: 'page', series: 'all' })).toBe('page')
})

test('every alert that routes and inhibitions name exists', () => {
  const text = textsOf('alertmanager').get('alertmanager.yml')!
  const named = [...JSON.stringify(parseYaml(text)).matchAll(/Stormpetrel\w+/g)].map(([name]) => name)

  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((name) => !alerts.some(({ alert }) => alert === name))).toEqual([])
})

const receiver = new WebhookReceiver()
let alertmanager: Alertmanager

beforeAll(async () => {
  alertmanager = await startAlertmanager({ config: scaledAlertmanager(await receiver.start()) })
})

afterAll(async () => {
  await alertmanager.stop()
  await receiver.stop()
})

/** Tells Alertmanager of alerts as Prometheus does when they begin, and that they have ended. */
async function tell(state: 'firing' | 'ended', all: readonly Labels[]): Promise<void> {
  const now = Date.now()
  const endsAt = new Date(state === 'firing' ? now + 60_000 : now).toISOString()
  const body = all.map((labels) => ({ labels, startsAt: new Date(now).toISOString(), endsAt }))
  const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })
  expect(answer.status).toBe(200)
}

/** An alert as its rule labels it. */
function alertOf(name: string, labels: Labels = {}): Labels {
  const alertname = `Stormpetrel${name}`
  const severity = alerts.find(({ alert }) => alert === alertname)!.labels!['severity']!
  return { alertname, severity, ...labels }
}

const surge = (series: string, telescope: string) => alertOf('Surge', { series, telescope })
const surgeNotice = (series: string, telescope: string) => alertOf('SurgeNotice', { series, telescope })

/** A cause, what it holds back, and what it does not, each about another thing so that nothing meets by chance. */
const CASES: readonly (readonly [string, Labels, readonly Labels[], readonly Labels[]])[] = [
  [
    'a quarter of the sensors silent holds back what began since, and the single sensors',
    alertOf('SensorsSilent'),
    [surge('a', 'partial'), surgeNotice('b', 'partial'), alertOf('SensorSilent', { sensor: 's' })],
    [surge('c', 'whole'), surgeNotice('d', 'whole'), alertOf('SpoolFilling', { sensor: 's' })]
  ],
  [
    'one silent sensor of many holds back no surge',
    alertOf('SensorSilent', { sensor: 's' }),
    [],
    [surge('a', 'whole'), surge('b', 'partial')]
  ],
  [
    'a detector that stands still holds back what it shows',
    alertOf('DetectorStale'),
    [surge('a', 'whole'), surgeNotice('b', 'whole'), alertOf('DetectorBehind')],
    [alertOf('SensorsSilent'), alertOf('DetectorBlind')]
  ],
  [
    'a page of a story holds back its notice, and no other',
    surge('a', 'whole'),
    [surgeNotice('a', 'whole')],
    [surgeNotice('b', 'whole')]
  ],
  [
    'a full store holds back what follows from counting nothing',
    alertOf('StoreFull'),
    [alertOf('SensorsSilent'), alertOf('StoreReadingsOld'), alertOf('StoreNearlyFull')],
    [
      alertOf('Lag', { service: 'tagger' }),
      alertOf('DetectorStale'),
      alertOf('LostRecords', { service: 'aggregator' })
    ]
  ],
  [
    'a store that does not answer holds back that the aggregator is late',
    alertOf('StoreUnanswered'),
    [
      alertOf('Lag', { service: 'aggregator' }),
      alertOf('Stalled', { service: 'aggregator', instance: 'a' }),
      alertOf('StoreReadingsOld')
    ],
    [alertOf('StoreNearlyFull'), alertOf('StoreLostCounts')]
  ],
  [
    'a kind of service that is absent holds back its processes and metrics, and the silence that follows',
    alertOf('ServiceAbsent', { job: 'stormpetrel-tagger' }),
    [
      alertOf('ServiceDown', { job: 'stormpetrel-tagger', instance: 't' }),
      alertOf('MetricMissing', { job: 'stormpetrel-tagger', metric: 'm' }),
      alertOf('SensorsSilent')
    ],
    [alertOf('ServiceDown', { job: 'stormpetrel-sensor', instance: 's' }), alertOf('StoreFull')]
  ],
  [
    'an absent sensor holds back no silence: it is the silence',
    alertOf('ServiceAbsent', { job: 'stormpetrel-sensor' }),
    [],
    [alertOf('SensorsSilent'), surge('a', 'whole')]
  ],
  [
    'a service that lags makes sensors seem silent',
    alertOf('Lag', { service: 'tagger' }),
    [alertOf('SensorsSilent')],
    [alertOf('SpoolWaiting', { sensor: 's' }), alertOf('FarBehind', { service: 'aggregator' })]
  ],
  [
    'the stronger of two about one thing',
    alertOf('FarBehind', { service: 'tagger' }),
    [alertOf('Lag', { service: 'tagger' })],
    [alertOf('Lag', { service: 'aggregator' }), alertOf('Stalled', { service: 'tagger', instance: 't' })]
  ],
  [
    'a spool that has waited a day',
    alertOf('SpoolOld', { sensor: 's' }),
    [alertOf('SpoolWaiting', { sensor: 's' })],
    [alertOf('SpoolWaiting', { sensor: 'r' }), alertOf('SpoolDropping', { sensor: 's', reason: 'age' })]
  ]
]

let toldBefore = 0
beforeEach(() => {
  toldBefore = receiver.received.length
})

const toldNow = () =>
  receiver.received.slice(toldBefore).map(({ status, labels }) => `${nameOf(labels)} ${status}`)

function firing(all: readonly Labels[]): string[] {
  return all.map((labels) => `${nameOf(labels)} firing`)
}

test.each(CASES)('%s', async (_, cause, held, free) => {
  await tell('firing', [cause, ...held, ...free])
  await until('what is not held back is told', () =>
    firing([cause, ...free]).every((one) => toldNow().includes(one))
  )
  // Those that are held back would have been told with the others: they wait as long.
  await delay(700)
  expect(toldNow().filter((one) => firing(held).includes(one))).toEqual([])

  await tell('ended', [cause, ...free])
  await until('what was held back is told when its cause is over', () =>
    firing(held).every((one) => toldNow().includes(one))
  )
  await tell('ended', held)
  await until('all is resolved', () =>
    [cause, ...held, ...free].every((labels) => toldNow().includes(`${nameOf(labels)} resolved`))
  )
})
