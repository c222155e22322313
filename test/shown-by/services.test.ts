// Services as processes on the real stack: how they begin, answer, end, and come back after kill -9.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { writeSynCapture } from '../../bench/syn-capture.ts'
import { findFreePort } from '../../tools/stack/free-port.ts'
import { parseLines } from '../cli/collected-output.ts'
import { SAMPLES } from './oracle/captures.ts'
import { type Deployment, freshDeployment, SENSOR } from './stack/deployment.ts'
import { eventually } from './stack/eventually.ts'
import type { Program } from './stack/program.ts'

let deployment: Deployment

beforeAll(async () => {
  deployment = await freshDeployment()
  expect((await deployment.call('check', '--apply')).exitCode).toBe(0)
})

afterAll(() => deployment.end())

test.each(['tagger', 'aggregator'])(
  'a %s answers its endpoints, and SIGTERM ends it with exit code 0',
  async (verb) => {
    const program = await deployment.startReady([verb])

    expect(await program.ask('/healthz')).toEqual({ status: 200, body: 'ok\n' })
    expect(await program.ask('/readyz')).toEqual({ status: 200, body: 'ready\n' })
    const metrics = await program.ask('/metrics')
    expect(metrics.status).toBe(200)
    expect(metrics.body).toMatch(
      new RegExp(`^stormpetrel_build_info\\{version="[^"]+",service="${verb}"\\} 1$`, 'm')
    )
    expect(metrics.body).toMatch(new RegExp(`^stormpetrel_packets_total\\{service="${verb}"\\} 0$`, 'm'))
    expect(metrics.body).toMatch(new RegExp(`^stormpetrel_lag_records\\{service="${verb}"\\} 0$`, 'm'))
    expect((await program.ask('/nothing')).status).toBe(404)

    const { exitCode, signal, stdout } = await program.terminate()
    expect([exitCode, signal, stdout]).toEqual([0, null, ''])
  }
)

test('without Kafka every service ends with exit code 1, and one line says why', async () => {
  const broker = `127.0.0.1:${await findFreePort()}`
  const verbs = [['tagger'], ['aggregator'], ['sensor', '--sensor', SENSOR, path.join(SAMPLES, 'zmap.pcap')]]
  const programs = verbs.map((verb) => deployment.start(verb, { STORMPETREL_KAFKA_BROKERS: broker }))

  for (const program of programs) {
    const { exitCode, stdout, stderr } = await program.ended
    expect([exitCode, stdout]).toEqual([1, ''])
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
    expect(lines).toEqual([
      expect.stringMatching(
        `^stormpetrel: Kafka at ${broker}: not reached in 15 s .*ECONNREFUSED.*; see that .*`
      )
    ])
    // What kafkajs says of each try is one line in 10 s.
    expect(program.log().length).toBeLessThan(10)
  }
})

test('a sensor that plays an old capture says that taggers will reject it, and what to do instead', async () => {
  const file = path.join(deployment.folder, 'old.pcap')
  const options = { packets: 3, seed: 1, startSeconds: 1_600_000_000, packetsPerSecond: 1, newSourceShare: 0 }
  writeSynCapture(file, options)

  const { exitCode, stderr } = await deployment.start(['sensor', '--sensor', SENSOR, file]).ended

  expect(exitCode).toBe(0)
  expect(stderr).toMatch(
    /^stormpetrel: 3 packets are over 7 days old .* reject them as 'clock'; play history with 'stormpetrel replay'$/m
  )
})

test('a sensor that plays a capture loads no geo data and no client of the registry', async () => {
  const folder = mkdtempSync(path.join(deployment.folder, 'loaded-'))
  const file = path.join(SAMPLES, 'zmap.pcap')

  const { exitCode } = await deployment.start(['sensor', '--sensor', SENSOR, file], {
    NODE_V8_COVERAGE: folder
  }).ended

  expect(exitCode).toBe(0)
  const loaded = scriptsIn(folder)
  expect(loaded.filter((url) => url.endsWith('/dist/services/sensor/main.js'))).toHaveLength(1)
  expect(loaded.filter((url) => /@confluentinc|@ip-location-db|\/geo[-/]/.test(url))).toEqual([])
})

/** Every script of the processes that wrote their coverage there: what they loaded. */
function scriptsIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as {
      result: { url: string }[]
    }
    return result.map(({ url }) => url)
  })
}

test('after kill -9 of a tagger and an aggregator in the middle of a replay, the counts are exact', async () => {
  const packets = 200_000
  const captures = [0, 1, 2, 3].map((seed) => {
    const file = path.join(deployment.folder, `syn-${seed}.pcap`)
    const startSeconds = 1_700_000_000
    const options = { packets: packets / 4, seed: seed + 1, startSeconds, packetsPerSecond: 500 }
    writeSynCapture(file, { ...options, newSourceShare: 0.01 })
    return file
  })
  const run = 'killed'
  const own = ['--taggers', '0', '--aggregators', '0', '--sensor', SENSOR]
  const replay = deployment.start(['replay', '--run', run, ...own, ...captures])
  await replay.logLine(({ message }) => message === 'run is ready for its workers')
  // Small flushes leave time to be killed between two of them.
  const startAggregator = (settings = {}): Promise<Program> =>
    deployment.startReady(['aggregator', '--run', run], settings)
  const startTagger = (): Promise<Program> => deployment.startReady(['tagger', '--run', run])
  const [tagger, aggregator] = await Promise.all([
    startTagger(),
    startAggregator({ STORMPETREL_FLUSH_PACKETS: '4096' })
  ])

  const counted = (): Promise<number> => aggregator.metric('stormpetrel_counted_packets_total')
  await eventually('some packets are counted', counted, (number) => number > 0)
  tagger.kill('SIGKILL')
  aggregator.kill('SIGKILL')
  const ends = await Promise.all([tagger.ended, aggregator.ended])
  expect(ends.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL'])
  const inTheMiddle = await deployment.call('counts', '--run', run, '--window', 'all')
  expect(inTheMiddle.stderr).toMatch(
    /is incomplete: \d+ batches wait for a tagger and \d+ for an aggregator\n$/
  )
  expect(parseLines(inTheMiddle.stdout)[0]!.packets).toBeLessThan(packets)

  await Promise.all([startTagger(), startAggregator()])
  expect((await replay.ended).exitCode).toBe(0)

  for (const question of [
    ['--window', 'minute', '--by', 'tag'],
    ['--window', 'hour', '--by', 'port,tag'],
    ['--window', 'day', '--by', 'region,tag']
  ]) {
    const { stdout, stderr } = await deployment.call('counts', '--run', run, ...question)
    const exact = await deployment.call('counts', '--sensor', SENSOR, ...question, ...captures)
    expect(stderr).toBe('')
    expect(stdout).toBe(exact.stdout)
  }
  const sources = ['--by', 'region', '--window', 'hour', '--sources']
  const estimates = parseLines((await deployment.call('counts', '--run', run, ...sources)).stdout)
  const exact = parseLines(
    (await deployment.call('counts', '--sensor', SENSOR, ...sources, ...captures)).stdout
  )
  const misses = exact.filter((row, i) => !isNear(row.sources as number, estimates[i]!.sources as number))
  expect(misses).toEqual([])
})

/** A HyperLogLog of 14 bits has a standard error of 0.81 %; here it is four times that, or 2. */
function isNear(exact: number, estimate: number): boolean {
  return Math.abs(estimate - exact) <= Math.max(2, exact * 0.0325)
}
