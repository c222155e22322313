// Every capture at hand through Kafka, two taggers, two aggregators and Redis: the same counts as over the files.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { writeSynCapture } from '../../bench/syn-capture.ts'
import { type CliResult, parseLines } from '../cli/collected-output.ts'
import { readConfiguration } from '../../core/configuration.ts'
import { createStore } from '../../services/connections.ts'
import { capturesIn, ELSEWHERE, SAMPLES } from './oracle/captures.ts'
import { tag } from './oracle/tag-record.ts'
import { type Deployment, freshDeployment, SENSOR } from './stack/deployment.ts'
import { eventually } from './stack/eventually.ts'
import type { Program } from './stack/program.ts'

const RUN = 'everything'
const FOLDERS = [ELSEWHERE, SAMPLES].filter((folder) => existsSync(folder))
const SOME_FILE = path.join(SAMPLES, 'zmap.pcap')

/** Everything that is kept together, and conditions on it. */
const KEPT = ['', 'port', 'region', 'asn', 'tag', 'port,tag', 'region,tag', 'vantage']
const CONDITIONS = [
  '--by port,protocol',
  '--by port,vantage',
  '--by region --where vantage=JP',
  '--by port --where tag=mirai',
  '--by region --where tag=scan',
  '--by tag --where port=23/TCP,port=427/UDP',
  '--by asn --where asn=0',
  '--where tag=zmap'
]
const EVERY_WINDOW = ['--window', 'minute,hour,day,all,rolling', '--last', '5m,1h,24h,366d']
const WITH_SOURCES = ['--window', 'hour,day', '--sources']

/** Of one row of `counts`. */
type Row = Record<string, unknown>

let deployment: Deployment
let taggers: Program[]
let aggregators: Program[]

/** The store's answer, which must not say a word on stderr: the run is complete. */
async function stored(...question: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await deployment.call('counts', '--run', RUN, ...question)
  expect([exitCode, stderr]).toEqual([0, ''])
  return stdout
}

/** The embedded answer over the files. Damaged captures make its exit code 1; what was read before is counted. */
async function embedded(...question: readonly string[]): Promise<string> {
  return (await deployment.call('counts', '--sensor', SENSOR, ...question, ...FOLDERS)).stdout
}

function play(...args: readonly string[]): Program {
  const own = ['--taggers', '0', '--aggregators', '0', '--sensor', SENSOR]
  return deployment.start(['replay', '--run', RUN, ...own, ...args])
}

function isShare({ partitions }: Row): boolean {
  return Array.isArray(partitions) && partitions.length === 2
}

/** Resolves when each of the group's two members holds two of the four partitions. */
async function shared(programs: readonly Program[]): Promise<void> {
  await Promise.all(programs.map((program) => program.logLine(isShare)))
}

test('the captures that others made are there where CI is set', () => {
  expect(process.env.CI === undefined || process.env.CI === '' || existsSync(ELSEWHERE)).toBe(true)
})

describe('a replay of every capture over the real stack', () => {
  let beforeCounted: { readonly counts: CliResult; readonly runs: Row[] }
  let played: { readonly exitCode: number | null; readonly stderr: string }

  beforeAll(async () => {
    deployment = await freshDeployment({ STORMPETREL_DAY_TIME_ZONES: 'Asia/Tokyo' })
    const first = play(SOME_FILE)
    await first.logLine(({ message }) => message === 'run is ready for its workers')
    const counts = await eventually(
      'counts are incomplete while nobody works',
      () => deployment.call('counts', '--run', RUN),
      ({ stderr }) => stderr !== ''
    )
    beforeCounted = { counts, runs: parseLines((await deployment.call('runs')).stdout) }
    const two = (verb: string): Promise<Program[]> =>
      Promise.all([1, 2].map(() => deployment.startReady([verb, '--run', RUN])))
    ;[taggers, aggregators] = await Promise.all([two('tagger'), two('aggregator')])
    await Promise.all([shared(taggers), shared(aggregators)])
    expect((await first.ended).exitCode).toBe(0)
    played = await play(...FOLDERS).ended
  })

  afterAll(() => deployment.end())

  test('ends with exit code 1 and one line for each damaged capture, as counts does', async () => {
    const { exitCode, stderr } = await deployment.call('counts', '--sensor', SENSOR, ...FOLDERS)

    expect(played.exitCode).toBe(exitCode)
    const lines = played.stderr.split('\n').filter((line) => line.startsWith('stormpetrel: /'))
    expect(lines).toEqual(stderr.split('\n').filter((line) => line !== ''))
  })

  test('is shared by both taggers and both aggregators', async () => {
    for (const program of [...taggers, ...aggregators]) {
      expect(await program.metric('stormpetrel_packets_total')).toBeGreaterThan(0)
    }

    const counted = await Promise.all(
      aggregators.map((program) => program.metric('stormpetrel_counted_packets_total'))
    )
    const [all] = parseLines(await embedded('--window', 'all'))
    expect(counted[0]! + counted[1]!).toBe(all!.packets)
  })

  test.each(KEPT)('has every window and key as over the files, by %j: packets', async (by) => {
    const question = ['--by', by, ...EVERY_WINDOW, '--tz', 'Asia/Tokyo']

    expect(await stored(...question)).toBe(await embedded(...question))
  })

  test.each(KEPT)(
    'has every hour and day as over the files, by %j: packets, and sources within 2 or 2 %% (a HyperLogLog beside sets)',
    async (by) => {
      const question = ['--by', by, ...WITH_SOURCES]
      const rows = parseLines(await stored(...question))
      const exact = parseLines(await embedded(...question))

      expect(rows.map(withoutSources)).toEqual(exact.map(withoutSources))
      const misses = exact.filter(({ sources }, i) => !isEstimateOf(sources as number, rows[i]!.sources))
      expect(misses).toEqual([])
    }
  )

  test.each(CONDITIONS)('has every window and key as over the files: %s', async (words) => {
    const question = [...words.split(' '), ...EVERY_WINDOW]

    expect(await stored(...question)).toBe(await embedded(...question))
  })

  test('has what lies between two times as over the files', async () => {
    const question = ['--by', 'port', '--from', '2023-01-01', '--to', '2024-01-01', '--window', 'day,all']

    expect(await stored(...question)).toBe(await embedded(...question))
  })

  test('has the counts of the newest hours by sensor', async () => {
    const rows = parseLines(await stored('--by', 'sensor,port'))

    const hours = new Set(rows.map(({ window_start }) => window_start))
    expect(hours.size).toBeGreaterThan(0)
    const exact = parseLines(await embedded('--by', 'sensor,port'))
    expect(rows).toEqual(exact.filter(({ window_start }) => hours.has(window_start)))
  })

  test('has the totals of the sensor: packets counted, and frames rejected by reason', async () => {
    const { records } = await tag(...FOLDERS)
    const rejected: Record<string, number> = {}
    for (const { rejected: reason } of records) {
      if (reason !== null) rejected[reason] = (rejected[reason] ?? 0) + 1
    }
    const store = createStore(readConfiguration(deployment.environment), RUN, 'read')
    await store.start()
    const totals = (await store.ledger()).sensors
    await store.stop()

    const counted = records.filter((record) => record.rejected === null).length
    expect(totals).toEqual([
      {
        sensor: SENSOR,
        capturedFrames: records.length,
        countedPackets: counted,
        rejectedFrames: rejected,
        droppedFrames: 0,
        lostFrames: 0,
        gapFrames: 0,
        kernelDroppedPackets: 0
      }
    ])
  })

  test('is told as incomplete until everything is counted, and then as complete', async () => {
    expect(beforeCounted.counts.exitCode).toBe(0)
    expect(beforeCounted.counts.stdout).toBe('')
    expect(beforeCounted.counts.stderr).toMatch(
      /^stormpetrel: run everything is incomplete: [1-9]\d* batches wait for a tagger and 0 for an aggregator\n$/
    )
    expect(beforeCounted.runs).toMatchObject([{ run: RUN, sensor: SENSOR, state: 'incomplete' }])
    expect(parseLines((await deployment.call('runs')).stdout)).toMatchObject([
      { run: RUN, state: 'complete' }
    ])
  })

  test('played again changes nothing', async () => {
    const before = await deployment.redisValues(isCounted)
    const { exitCode } = await play(...FOLDERS).ended
    const after = await deployment.redisValues(isCounted)

    expect(exitCode).toBe(played.exitCode)
    expect(before.size).toBeGreaterThan(1000)
    const changed = [...after].filter(([key, value]) => before.get(key) !== value)
    expect([after.size, changed]).toEqual([before.size, []])
    const repeats = await Promise.all(
      aggregators.map((one) => one.metric('stormpetrel_repeated_batches_total'))
    )
    expect(repeats[0]! + repeats[1]!).toBeGreaterThan(capturesIn(SAMPLES).length)
  })

  test.each([
    '--by port,region',
    '--by asn,tag',
    '--by port --window minute --sources',
    '--window day --tz Europe/London',
    '--from 2023-06-01T00:00:30Z --window minute'
  ])('asked for what is not kept exits 2 and lists what it can answer: %s', async (words) => {
    const question = words.split(' ')

    const { exitCode, stdout, stderr } = await deployment.call('counts', '--run', RUN, ...question)

    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^stormpetrel: .+: not kept; the live store answers --by port, .*\n$/)
  })

  test('of an unknown name is an error, for whoever asks or works', async () => {
    const ends = [deployment.call('counts', '--run', 'nobody'), deployment.call('runs', 'delete', 'nobody')]
    const workers = ['tagger', 'aggregator'].map((verb) => deployment.start([verb, '--run', 'nobody']).ended)

    for (const end of [...ends, ...workers]) {
      const { exitCode, stdout, stderr } = await end
      expect([exitCode, stdout]).toEqual([1, ''])
      expect(stderr).toBe("stormpetrel: there is no run nobody; 'stormpetrel runs' lists them\n")
    }
    expect(await deployment.redisValues((key) => key.includes('nobody'))).toEqual(new Map())
  })

  test('deleted is gone from Kafka and Redis, and another run and the live counts are not touched', async () => {
    const now = path.join(deployment.folder, 'now.pcap')
    const startSeconds = Math.floor(Date.now() / 1000) - 60
    writeSynCapture(now, { packets: 500, seed: 7, startSeconds, packetsPerSecond: 10, newSourceShare: 0 })
    expect((await deployment.call('check', '--apply')).exitCode).toBe(0)
    const other = deployment.replay('other', [SOME_FILE])
    const [live] = await Promise.all([
      Promise.all([deployment.startReady(['tagger']), deployment.startReady(['aggregator'])]),
      deployment.start(['sensor', '--sensor', SENSOR, now]).ended
    ])
    expect((await other).exitCode).toBe(0)
    const liveCounts = (): Promise<CliResult> =>
      deployment.call('counts', '--by', 'port', '--window', 'minute')
    const overFile = await deployment.call(
      'counts',
      '--sensor',
      SENSOR,
      '--by',
      'port',
      '--window',
      'minute',
      now
    )
    await eventually('the live packets are counted', liveCounts, ({ stdout }) => stdout === overFile.stdout)
    const otherCounts = await deployment.call('counts', '--run', 'other', '--by', 'port')

    const ends = await Promise.all([...taggers, ...aggregators].map((program) => program.terminate()))
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
    expect(await deployment.call('runs', 'delete', RUN)).toMatchObject({ exitCode: 0, stdout: '' })

    expect(await deployment.redisValues((key) => key.includes(RUN))).toEqual(new Map())
    const topics = ['enriched', 'raw', 'rejected'].map((name) => `packets.${name}`)
    expect(await deployment.topics()).toEqual(
      // A run tells of no surges.
      [...topics, ...topics.map((name) => `replay.other.${name}`), 'surges'].map(
        (name) => deployment.topicPrefix + name
      )
    )
    expect(parseLines((await deployment.call('runs')).stdout)).toMatchObject([
      { run: 'other', state: 'complete' }
    ])
    expect((await deployment.call('counts', '--run', RUN)).exitCode).toBe(1)
    expect(await deployment.call('counts', '--run', 'other', '--by', 'port')).toEqual(otherCounts)
    expect(await liveCounts()).toEqual(overFile)
    for (const program of live) expect((await program.terminate()).exitCode).toBe(0)

    const again = await deployment.replay(RUN, [SOME_FILE])
    expect(again.exitCode).toBe(0)
    const { stdout } = await deployment.call('counts', '--sensor', SENSOR, '--by', 'port', SOME_FILE)
    expect(await stored('--by', 'port')).toBe(stdout)
  })
})

function withoutSources(row: Row): Row {
  return { ...row, sources: undefined }
}

function isEstimateOf(exact: number, estimate: unknown): boolean {
  return typeof estimate === 'number' && Math.abs(estimate - exact) <= Math.max(2, exact * 0.02)
}

/** All but offsets, which move. */
function isCounted(key: string): boolean {
  return !/:offsets/.test(key)
}
