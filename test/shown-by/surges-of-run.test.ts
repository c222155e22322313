// Surges of a replay run, over the real Kafka and Redis, are those of the same captures.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { parseLines, stormpetrel } from '../cli/collected-output.ts'
import { type Deployment, freshDeployment, SENSOR } from './stack/deployment.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-surges-'))
let deployment: Deployment | null = null
afterAll(async () => {
  await deployment?.end()
  rmSync(folder, { recursive: true, force: true })
})

/** Four times the sources from the eighteenth day on. */
const SCENARIO = `name: step
from: 2022-04-01
to: 2022-04-22
time-zone: UTC
reference: { from: 2022-04-01, to: 2022-04-22 }
sensors:
  - { id: ${SENSOR}, country: JP, dark-space: [203.0.113.0/24] }
flows:
  - name: telnet
    tool: mirai
    packets: 100
    ports: { 23/TCP: 1 }
    tail: 1
    heavy: 0
    regions: { KR: { weight: 1, curve: { 2022-04-01: 1, 2022-04-17: 1, 2022-04-18: 4 } } }
`

test('surges --run tells what surges tells of the captures', async () => {
  const file = path.join(folder, 'step.yaml')
  writeFileSync(file, SCENARIO)
  const captures = path.join(folder, 'captures')
  const asked = ['synth', '--scenario', file, '--packets-per-day', '1500', '--out', captures]
  expect((await stormpetrel(asked, {})).exitCode).toBe(0)

  deployment = await freshDeployment()
  const replayed = await deployment.replay('step', [path.join(captures, SENSOR)])
  expect([replayed.exitCode, replayed.signal]).toEqual([0, null])
  const ofRun = await deployment.call('surges', '--run', 'step')
  const ofCaptures = await deployment.call('surges', path.join(captures, SENSOR))

  expect([ofRun.exitCode, ofCaptures.exitCode]).toEqual([0, 0])
  const surges = parseLines(ofRun.stdout)
  expect(surges).toEqual(parseLines(ofCaptures.stdout))
  const onsets = new Map(surges.map(({ series, onset }) => [String(series), String(onset)]))
  for (const series of ['all', 'port=23/TCP', 'region=KR', 'tag=mirai']) {
    const distance = Math.abs(Date.parse(onsets.get(series) ?? '') - Date.parse('2022-04-18T00:00:00Z'))
    expect(distance).toBeLessThanOrEqual(12 * 3_600_000)
  }
  // What rose with them is told with them, each autonomous system of KR too.
  const ofStory = (name: string): unknown => surges.find(({ series }) => series === name)?.story
  const story = ofStory('all')
  for (const series of ['port=23/TCP', 'region=KR', 'tag=mirai']) expect(ofStory(series)).toBe(story)
  const told = surges.filter((surge) => surge.story === story)
  expect(told.filter(({ severity }) => severity === 'page')).toHaveLength(1)
  expect(told.length).toBeGreaterThan(surges.length * 0.8)
}, 180_000)
