import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { writeExport } from '../../adapters/export-file.ts'
import type { RedisStore } from '../../adapters/redis-store.ts'
import { RedisSurgeStore } from '../../adapters/redis-surge-store.ts'
import { readConfiguration } from '../../core/configuration.ts'
import type { ExportedWindow } from '../../core/counts/exported-window.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { liveNamespace } from '../../core/store/run-settings.ts'
import { formatUtc } from '../../core/windows/time-zone.ts'
import { createStore } from '../../services/connections.ts'
import { applyTo, batch, window } from '../adapters/count-store-suite.ts'
import { freshPrefix } from '../adapters/kafkajs/test-bus.ts'
import { countPart } from '../builders/counts.ts'
import { addresses4, ALL, sourcePart, tcp } from '../builders/sources.ts'
import { sharedRedis } from '../stack/shared-stack.ts'
import { stormpetrel } from './collected-output.ts'
import { CliContext } from '../../cli/context.ts'
import { DetectorAside } from '../../cli/detector-aside.ts'

const HOUR = Math.floor(Date.now() / 3_600_000) * 3600 - 50 * 3600
const DAY = Math.floor(HOUR / 86_400) * 86_400 - 86_400

let folder: string
let file: string
let stores: RedisStore[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stormpetrel-export-'))
  file = join(folder, 'hours.ndjson.gz')
  stores = []
})

afterEach(async () => {
  for (const store of stores) {
    await store.clear()
    await store.stop()
  }
  rmSync(folder, { recursive: true })
})

async function deployment(): Promise<{ store: RedisStore; environment: Record<string, string> }> {
  const environment = { STORMPETREL_REDIS_URL: await sharedRedis(), STORMPETREL_TOPIC_PREFIX: freshPrefix() }
  const store = createStore(readConfiguration(environment), null, 'write')
  await store.start()
  stores.push(store)
  return { store, environment }
}

function write(...lines: string[]): void {
  writeFileSync(file, gzipSync(['{"format":"stormpetrel-counts","version":1}', ...lines].join('\n')))
}

test('a store gives its hours to another, which answers the same, and gives the same file', async () => {
  const [one, two] = [await deployment(), await deployment()]
  const vantages = ['JP', 'all']
  await applyTo(one.store, 'tokyo', {
    counts: [0, 3600].map((later) =>
      countPart(HOUR + later, 'tokyo', { all: 9, 'port=23/TCP': 7, 'port=23/TCP,tag=mirai': 5 }, vantages)
    ),
    sources: [
      sourcePart(
        HOUR,
        [
          [ALL, addresses4(0, 6)],
          [tcp(23), addresses4(0, 5)]
        ],
        vantages
      ),
      sourcePart(HOUR + 3600, [[ALL, addresses4(0, 9)]], vantages)
    ]
  })

  const exported = await stormpetrel(['export', '--out', file], one.environment)
  expect([exported.exitCode, exported.stderr]).toEqual([0, expect.stringContaining('4 windows written')])
  const first = await stormpetrel(['import', file], two.environment)
  const second = await stormpetrel(['import', file], two.environment)
  expect(first.stderr).toContain('4 windows imported; 0 were there already')
  expect(second.stderr).toContain('0 windows imported; 4 were there already')

  for (const vantage of vantages) {
    for (const start of [HOUR, HOUR + 3600]) {
      const hour = window('hour', start, vantage)
      const packets = await one.store.packets(hour)
      const names = [...packets.keys()]
      expect(await two.store.packets(hour)).toEqual(packets)
      expect(await two.store.sources(hour, names)).toEqual(await one.store.sources(hour, names))
    }
  }
  const again = join(folder, 'again.ndjson.gz')
  await stormpetrel(['export', '--out', again], two.environment)
  expect(readFileSync(again)).toEqual(readFileSync(file))
  const bounded = ['export', '--out', again, '--from', formatUtc(HOUR + 3600)]
  expect((await stormpetrel(bounded, two.environment)).exitCode).toBe(0)
  expect(gunzipSync(readFileSync(again)).toString().trimEnd().split('\n').length).toBe(3)
})

test('bad lines are told with their numbers, and what is good is imported', async () => {
  const { store, environment } = await deployment()
  const start = new Date(HOUR * 1000).toISOString()
  const good = `{"window":"hour","zone":"UTC","vantage":"all","window_start":"${start}","series":{"all":[3,2],"tag=later":[1,1]}}`
  const lines = ['{"format":"stormpetrel-counts","version":1}', 'spoilt', good, '{"window":"year"}']
  writeFileSync(file, gzipSync(lines.join('\n')))

  const { exitCode, stderr } = await stormpetrel(['import', file], environment)

  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/line 2: it is no JSON.*mend it/)
  expect(stderr).toContain('line 4: window is "year"')
  expect(stderr).toContain('series tag=later is not known to this version')
  expect(stderr).toContain('1 windows imported')
  expect(await store.packets(window('hour', HOUR))).toEqual(new Map([['all', 3]]))
})

test('what is none of our files, is cut, or is not there, is an error, and the next file is used', async () => {
  const { environment } = await deployment()
  const start = new Date(HOUR * 1000).toISOString()
  const good = `{"window":"hour","zone":"UTC","vantage":"all","window_start":"${start}","series":{"all":[3,2]}}\n`
  writeFileSync(file, gzipSync(`{"format":"stormpetrel-counts","version":1}\n${good}`))
  const [other, cut, plain] = ['other.gz', 'cut.gz', 'plain.gz'].map((name) => join(folder, name))
  writeFileSync(other!, gzipSync('{"format":"something else"}\n'))
  writeFileSync(cut!, readFileSync(file).subarray(0, -6))
  appendFileSync(plain!, 'no gzip')

  const files = [other!, cut!, plain!, join(folder, 'none.gz'), file]
  const { exitCode, stderr } = await stormpetrel(['import', ...files], environment)

  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/other\.gz: it does not begin as a file of 'stormpetrel export' does/)
  expect(stderr).toMatch(/cut\.gz: unexpected end of file/)
  expect(stderr).toMatch(/plain\.gz: incorrect header check/)
  expect(stderr).toMatch(/none\.gz: ENOENT/)
  // The whole line before the cut was used, and so the same of the next file was there already.
  expect(stderr).toMatch(/1 windows imported; 1 were there already/)
})

test('windows that may still be counted are not exported, and those that are not over not imported', async () => {
  const { store, environment } = await deployment()
  const now = Math.floor(Date.now() / 3_600_000) * 3600
  const [counted, late, open] = [now - 3 * 3600, now - 2 * 3600, now]
  await applyTo(store, 'tokyo', {
    batches: [batch('tokyo', 1, { watermarkSeconds: now + 60 })],
    counts: [counted, late, open].map((start) => countPart(start, 'tokyo', { all: 9 }))
  })
  const exported = await stormpetrel(['export', '--out', file], environment)
  expect(exported.stderr).toContain('1 windows written')
  expect(exported.stderr).toContain('2 windows were left out, since they may still be counted')
  expect(gunzipSync(readFileSync(file)).toString()).toContain(formatUtc(counted))

  const line = `{"window":"hour","zone":"UTC","vantage":"KR","window_start":"${formatUtc(open)}","series":{"all":[3,2]}}\n`
  writeFileSync(file, gzipSync(`{"format":"stormpetrel-counts","version":1}\n${line}`))
  const imported = await stormpetrel(['import', file], environment)
  expect(imported.stderr).toMatch(/0 windows imported;.* 1 may still be counted/)
  expect(await store.packets(window('hour', open, 'KR'))).toEqual(new Map())
})

test('an export that fails leaves the file of before as it was, and says whose error it is', async () => {
  const { store, environment } = await deployment()
  await applyTo(store, 'tokyo', { counts: [countPart(HOUR, 'tokyo', { all: 9 })] })
  expect((await stormpetrel(['export', '--out', file], environment)).exitCode).toBe(0)
  const before = readFileSync(file)
  const away = { ...environment, STORMPETREL_REDIS_URL: 'redis://127.0.0.1:1' }
  const { exitCode, stderr } = await stormpetrel(['export', '--out', file], away)

  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('redis 127.0.0.1:1: start')])
  async function* failing(): AsyncGenerator<ExportedWindow> {
    yield { window: window('hour', HOUR), counts: [{ series: 'all', packets: 1, sources: 1 }] }
    throw new StormpetrelError('SP_REDIS', 'gone')
  }
  await expect(writeExport(file, failing())).rejects.toMatchObject({ code: 'SP_REDIS', message: 'gone' })
  expect(readFileSync(file)).toEqual(before)
  expect(readdirSync(folder)).toEqual(['hours.ndjson.gz'])
})

test('an export through a link replaces what it points to, and one to a pipe goes into the pipe', async () => {
  async function* windows(): AsyncGenerator<ExportedWindow> {
    yield { window: window('hour', HOUR), counts: [{ series: 'all', packets: 1, sources: 1 }] }
  }
  const link = join(folder, 'link.gz')
  writeFileSync(file, 'of before')
  symlinkSync(file, link)
  expect(await writeExport(link, windows())).toBe(1)
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  const written = readFileSync(file)
  expect(gunzipSync(written).toString()).toContain(formatUtc(HOUR))

  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const [read] = await Promise.all([readFile(pipe), writeExport(pipe, windows())])
  expect(read).toEqual(written)
  expect(lstatSync(pipe).isFIFO()).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['hours.ndjson.gz', 'link.gz', 'pipe'])
  await expect(writeExport(join(file, 'in-a-file.gz'), windows())).rejects.toMatchObject({
    code: 'SP_FILE_UNREADABLE'
  })
})

test('hours are refused while a detector judges; what it has judged past is told, and learnt anew where that is asked for', async () => {
  const { environment } = await deployment()
  const { redisUrl, topicPrefix } = readConfiguration(environment)
  const surges = new RedisSurgeStore(redisUrl, liveNamespace(topicPrefix))
  await surges.start()
  const start = formatUtc(HOUR)
  const lineOf = (vantage: string, size = 'hour') =>
    `{"window":"${size}","zone":"UTC","vantage":"${vantage}","window_start":"${size === 'hour' ? start : formatUtc(DAY)}","series":{"all":[3,2]}}`
  try {
    const lease = (await surges.lease('one', 60_000))!
    await surges.save(lease, { judgedUpToSeconds: HOUR + 7200, parts: [new Uint8Array(9)], changes: [] })
    write(lineOf('all', 'day'))
    expect((await stormpetrel(['import', file], environment)).exitCode).toBe(0)
    write(lineOf('all'))
    for (const args of [
      ['import', file],
      ['import', '--learn-anew', file]
    ]) {
      const refused = await stormpetrel(args, environment)
      expect([refused.exitCode, refused.stderr]).toEqual([
        1,
        expect.stringContaining('a surge detector judges this store')
      ])
    }
    expect(await surges.judgedUpToSeconds()).toBe(HOUR + 7200)

    await surges.release(lease)
    const late = await stormpetrel(['import', file], environment)
    expect([late.exitCode, late.stderr]).toEqual([0, expect.stringContaining('will not learn from 1 hours')])
    const anew = await stormpetrel(['import', '--learn-anew', file], environment)
    expect([anew.exitCode, anew.stderr]).toEqual([
      0,
      expect.stringContaining('learns every hour of the store anew')
    ])
    expect([await surges.judgedUpToSeconds(), await surges.load()]).toEqual([null, null])
  } finally {
    await surges.stop()
  }
})

test('a file of many mebibytes is imported, each of its lines longer than a chunk', async () => {
  const { environment } = await deployment()
  const series = JSON.stringify(
    Object.fromEntries(Array.from({ length: 20_000 }, (_, port) => [`port=${port}/TCP`, [3, 2]]))
  )
  const lines = Array.from(
    { length: 40 },
    (_, hour) =>
      `{"window":"hour","zone":"UTC","vantage":"all","window_start":"${formatUtc(HOUR - hour * 3600)}","series":${series}}`
  )
  writeFileSync(file, gzipSync(['{"format":"stormpetrel-counts","version":1}', ...lines].join('\n')))
  expect((await stormpetrel(['import', file], environment)).stderr).toContain('40 windows imported')
})

test('no detector begins while hours are imported, whatever it takes, and the next may at once', async () => {
  const { environment } = await deployment()
  const { redisUrl, topicPrefix } = readConfiguration(environment)
  const surges = new RedisSurgeStore(redisUrl, liveNamespace(topicPrefix))
  await surges.start()
  const context = new CliContext({ stdout: new PassThrough(), stderr: new PassThrough() }, environment)
  try {
    await DetectorAside.beside(context, async (aside) => {
      // Days are no matter of the detector: nothing is held for them.
      const before = await surges.lease('detector', 60_000)
      await expect(aside.keepOff()).rejects.toMatchObject({ code: 'SP_DETECTOR_RUNS' })
      await surges.release(before!)
      await aside.keepOff()
      expect(await surges.lease('detector', 60_000)).toBeNull()
      await expect(aside.forget()).rejects.toMatchObject({ code: 'SP_DETECTOR_RUNS' })
    })
    const failing = DetectorAside.beside(context, async (aside) => {
      await aside.keepOff()
      throw new Error('the file is gone')
    })
    await expect(failing).rejects.toThrow('the file is gone')
    expect(await surges.lease('detector', 60_000)).toBeGreaterThan(0)
  } finally {
    await surges.stop()
  }
})
