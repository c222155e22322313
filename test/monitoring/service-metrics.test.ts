// What the alerts rest on, as the services' own processes show it on the real Kafka, registry and Redis.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../shown-by/stack/eventually.ts'
import { type Deployment, freshDeployment, SENSOR } from '../shown-by/stack/deployment.ts'
import type { Program } from '../shown-by/stack/program.ts'

let deployment: Deployment

beforeAll(async () => {
  deployment = await freshDeployment()
  expect((await deployment.call('check', '--apply')).exitCode).toBe(0)
})

afterAll(async () => {
  await deployment.end()
})

async function shownBy(program: Program): Promise<string> {
  return (await program.ask('/metrics')).body
}

test('a tagger shows the declared sensors and the age of its geo data', async () => {
  const body = await shownBy(await deployment.startReady(['tagger']))

  expect(body).toContain(`stormpetrel_sensor_declared{sensor="${SENSOR}"} 1`)
  const built = [...body.matchAll(/^stormpetrel_geo_built_timestamp_seconds\{database="[^"]+"\} (\d+)$/gm)]
  expect(built.length).toBeGreaterThanOrEqual(1)
  for (const [, seconds] of built) expect(Number(seconds)).toBeGreaterThan(Date.parse('2026-01-01') / 1000)
})

test('a sensor shows how much its spool may take', async () => {
  const folder = path.join(deployment.folder, 'captures')
  mkdirSync(folder)

  const sensor = await deployment.startReady(['sensor', '--sensor', SENSOR, '--follow', folder])

  expect(await shownBy(sensor)).toContain(`stormpetrel_spool_max_bytes{sensor="${SENSOR}"} ${1024 ** 3}`)
})

test('an aggregator shows the memory of Redis, and when it asked, a minute after its start', async () => {
  const aggregator = await deployment.startReady(['aggregator'])

  const body = await eventually(
    'the store was read',
    () => shownBy(aggregator),
    (text) => text.includes('stormpetrel_store_read_timestamp_seconds'),
    90_000
  )

  const shown = (name: string) => Number(new RegExp(`^stormpetrel_${name} (\\S+)$`, 'm').exec(body)?.[1])
  expect(shown('store_used_bytes')).toBeGreaterThan(100_000)
  expect(shown('store_max_bytes')).toBeGreaterThan(shown('store_used_bytes'))
  expect(Math.abs(shown('store_read_timestamp_seconds') - Date.now() / 1000)).toBeLessThan(30)
})
