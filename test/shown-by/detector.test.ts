// The detector on the real stack, over a month and more of hours that were imported: what it tells is what the judge alone
// says of the same hours, and the same for a reader that keeps the first of an id when it is killed again and again.
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import { writeExport } from '../../adapters/export-file.ts'
import { readConfiguration } from '../../core/configuration.ts'
import type { ExportedWindow } from '../../core/counts/exported-window.ts'
import { SeriesJudge } from '../../core/surges/series-judge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import { SurgeBook } from '../../core/surges/surge-book.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../../core/surges/stories.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import { thresholdsOf } from '../../core/surges/thresholds.ts'
import { createBus } from '../../services/connections.ts'
import { changesAtEnd } from '../../services/detector/topic-end.ts'
import { parseLines } from '../cli/collected-output.ts'
import { poisson } from '../builders/poisson.ts'
import { type Deployment, freshDeployment } from './stack/deployment.ts'
import type { Program } from './stack/program.ts'
import { eventually } from './stack/eventually.ts'

const HOUR = 3600
const DAYS = 40
const HOURS = DAYS * 24
/** The newest hour is over for long enough to be judged at once. */
const END = Math.floor((Date.now() / 1000 - 1000) / HOUR) * HOUR
const START = END - HOURS * HOUR
/** The one sensor's /24. */
const DARK_ADDRESSES = 256
const KILLS = 8

const deployments: Deployment[] = []
afterAll(() => Promise.all(deployments.map((deployment) => deployment.end())))

/** A step that ended, a spike, and a step that is still there. */
function meansOf(hour: number): Readonly<Record<string, number>> {
  const [day, mirai] = [hour / 24, hour >= HOURS - 5 ? 120 : 25]
  return {
    all: 220,
    'port=23/TCP': day >= 28 && day < 31 ? 200 : 40,
    'port=445/TCP': 30,
    'region=KR': hour >= 35 * 24 && hour < 35 * 24 + 3 ? 200 : 20,
    'tag=mirai': mirai
  }
}

const windows: ExportedWindow[] = Array.from({ length: HOURS }, (_, hour) => ({
  window: { size: 'hour', zone: 'UTC', startSeconds: START + hour * HOUR, vantage: 'all' },
  counts: Object.entries(meansOf(hour)).flatMap(([series, mean], index) => {
    const sources = poisson(mean, hour * 31 + index)
    return sources === 0 ? [] : [{ series, packets: 3 * sources, sources }]
  })
}))

/** What the judge alone says of the same hours. */
function expectedChanges(): SurgeChange[] {
  const judge = new SeriesJudge(thresholdsOf(DEFAULT_SURGE_SETTINGS), null)
  const book = new SurgeBook([], DEFAULT_PAGES_PER_QUARTER)
  return windows.flatMap(({ window, counts }) => {
    const series = new Map(counts.map(({ series, packets, sources }) => [series, { packets, sources }]))
    const reading = { isObserved: true, darkAddresses: DARK_ADDRESSES, series }
    const judged = judge.judge({ ...reading, startSeconds: window.startSeconds })
    const hourEndSeconds = window.startSeconds + HOUR
    return book.enter({ judged, open: judge.open(), hourEndSeconds, series: judge.series })
  })
}

async function* history(): AsyncGenerator<ExportedWindow> {
  yield* windows
}

async function deploy(): Promise<Deployment> {
  const deployment = await freshDeployment({ STORMPETREL_DETECTOR_INTERVAL_SECONDS: '0.3' })
  deployments.push(deployment)
  expect((await deployment.call('check', '--apply')).exitCode).toBe(0)
  const file = path.join(deployment.folder, 'history.ndjson.gz')
  await writeExport(file, history())
  const imported = await deployment.call('import', file)
  expect([imported.exitCode, imported.stderr]).toEqual([
    0,
    expect.stringContaining(`${HOURS} windows imported`)
  ])
  return deployment
}

/** All records of the topic, as they lie there. */
async function topicOf(deployment: Deployment): Promise<SurgeChange[]> {
  const bus = createBus(readConfiguration(deployment.environment), null, ['surges'], () => undefined)
  await bus.start()
  try {
    return await changesAtEnd(bus, `${deployment.topicPrefix}reader`, Number.POSITIVE_INFINITY)
  } finally {
    await bus.stop()
  }
}

function firstOfEachId(changes: readonly SurgeChange[]): SurgeChange[] {
  const ids = new Set<string>()
  return changes.filter(({ id }) => !ids.has(id) && ids.add(id))
}

/** The end of the newest hour that it has judged; 0 where another one judges, or none is judged yet. */
async function judgedUpTo(program: { ask(path: string): Promise<{ body: string }> }): Promise<number> {
  const { body } = await program.ask('/metrics')
  if (!/^stormpetrel_detector_judging 1$/m.test(body) || /^stormpetrel_detector_series 0$/m.test(body))
    return 0
  return Number(/^stormpetrel_detector_judged_hour_timestamp_seconds (\S+)$/m.exec(body)?.[1] ?? 0)
}

test('it tells what the judge says of the same hours, shows what is open, and lists it', async () => {
  const expected = expectedChanges()
  const stories = expected.map(({ series, state }) => `${series} ${state}`)
  expect(stories).toEqual(
    expect.arrayContaining([
      'port=23/TCP open',
      'port=23/TCP closed',
      'region=KR open',
      'region=KR closed',
      'tag=mirai open'
    ])
  )
  expect(stories.filter((story) => story.startsWith('all') || story.startsWith('port=445'))).toEqual([])

  const deployment = await deploy()
  const detector = await deployment.startReady(['detector'])
  await eventually(
    'every hour is judged',
    () => judgedUpTo(detector),
    (hour) => hour >= END
  )
  // Shown when all that is old is judged.
  const body = await eventually(
    'what is open is shown',
    async () => (await detector.ask('/metrics')).body,
    (text) => text.includes('stormpetrel_surge_active{')
  )
  expect(body).toMatch(/^stormpetrel_surge_active\{series="tag=mirai",kind="\w+",severity="page"\} 1$/m)
  expect(body).not.toMatch(/series="port=23\/TCP"/)
  expect(body).toMatch(/^stormpetrel_detector_waiting_changes 0$/m)
  expect((await detector.terminate()).exitCode).toBe(0)

  expect(await topicOf(deployment)).toEqual(expected)
  const listed = parseLines((await deployment.call('surges')).stdout)
  expect(listed[0]).toMatchObject({ series: 'tag=mirai', state: 'open', closed: null })
  expect(listed.length).toBe(new Set(expected.map(({ surge }) => surge)).size)
}, 120_000)

/** Who judges, in the middle of the hours, and further than was seen before. */
async function judgingBeyond(
  running: readonly Program[],
  seconds: number
): Promise<{ readonly program: Program; readonly judgedUpToSeconds: number } | null> {
  for (const program of running) {
    const judged = await judgedUpTo(program).catch(() => 0)
    if (judged > seconds && judged < END) return { program, judgedUpToSeconds: judged }
  }
  return null
}

async function leaseOf(deployment: Deployment): Promise<number> {
  const [lease] = (await deployment.redisValues((key) => key.endsWith('{surges}:lease'))).values()
  return Number(new Map(JSON.parse(lease!) as [string, string][]).get('number'))
}

test('killed again and again while it judges, it tells every change once to whoever keeps the first of an id', async () => {
  const expected = expectedChanges()
  const deployment = await deploy()
  const running = [deployment.start(['detector']), deployment.start(['detector'])]
  const killedAt: number[] = []
  const deadline = Date.now() + 90_000
  while (killedAt.length < KILLS) {
    const judging = await judgingBeyond(running, killedAt.at(-1) ?? START)
    if (judging === null) {
      if (Date.now() > deadline) throw new Error(`only ${killedAt.length} could be killed while they judged`)
      await delay(2)
      continue
    }
    judging.program.kill('SIGKILL')
    await judging.program.ended
    running.splice(running.indexOf(judging.program), 1, deployment.start(['detector']))
    killedAt.push(judging.judgedUpToSeconds)
  }
  await Promise.all(running.map((program) => program.ready()))
  await eventually(
    'every hour is judged by one of them',
    async () => Math.max(...(await Promise.all(running.map((program) => judgedUpTo(program))))),
    (hour) => hour >= END
  )
  for (const program of running) expect((await program.terminate()).exitCode).toBe(0)

  // Each took the lease from one that was killed while it held it.
  expect(await leaseOf(deployment)).toBeGreaterThan(KILLS)
  expect(firstOfEachId(await topicOf(deployment))).toEqual(expected)
}, 180_000)
