// What a scenario file may say, and how a mistake in it is told.
import { expect, test } from '@jest/globals'
import { checkScenario } from '../../../core/synth/check-scenario.ts'

const GOOD = {
  name: 'small',
  from: '2022-01-01',
  to: '2022-01-31',
  'time-zone': 'Asia/Tokyo',
  reference: { from: '2022-01-01', to: '2022-01-31' },
  sensors: [
    {
      id: 'one',
      country: 'JP',
      'dark-space': ['198.18.0.0/24'],
      down: { from: '2022-01-05', to: '2022-01-06' }
    }
  ],
  flows: [
    {
      name: 'a',
      tool: 'mirai',
      packets: 10,
      tail: 0.1,
      heavy: 2,
      ports: { '23/TCP': 9, '2323/TCP': 1 },
      regions: { KR: 3, JP: { weight: 1, heavy: 5, curve: { '2022-01-01': 1, '2022-01-09': 2 } } }
    }
  ]
}

test('a scenario is read with its days, and regions take what the flow says where they say nothing', () => {
  const checked = checkScenario(GOOD)
  if (checked.kind === 'invalid') throw new Error(checked.why)
  const { scenario } = checked
  expect([scenario.fromDay, scenario.toDay]).toEqual([18_993, 19_024])
  expect(scenario.sensors[0]!.down).toEqual([18_997, 18_999])
  const [korea, japan] = scenario.flows[0]!.regions
  expect(korea).toMatchObject({ region: 'KR', weight: 3, tail: 0.1, heavy: 2 })
  expect(japan).toMatchObject({ weight: 1, tail: 0.1, heavy: 5 })
  expect(japan!.curve.points).toEqual([
    { day: 18_993, level: 1 },
    { day: 19_001, level: 2 }
  ])
})

const FLOW = GOOD.flows[0]!
test.each([
  ['no mapping', [], [], 'is no mapping'],
  ['an unknown key', { ...GOOD, seed: 1 }, ['seed'], 'is unknown'],
  ['a day that is none', { ...GOOD, from: '2022-02-30x' }, ['from'], 'is no day'],
  ['an end before the start', { ...GOOD, to: '2021-01-01' }, ['to'], 'before the first'],
  ['a zone that is none', { ...GOOD, 'time-zone': 'Mars/Olympus' }, ['time-zone'], 'time zone'],
  [
    'a tool that is none',
    { ...GOOD, flows: [{ ...FLOW, tool: 'nmap' }] },
    ['flows', 0, 'tool'],
    'is no tool'
  ],
  [
    'a port that is none',
    { ...GOOD, flows: [{ ...FLOW, ports: { telnet: 1 } }] },
    ['flows', 0, 'ports', 'telnet'],
    'is no port'
  ],
  [
    'a region that is none',
    { ...GOOD, flows: [{ ...FLOW, regions: { Korea: 1 } }] },
    ['flows', 0, 'regions', 'Korea'],
    'is no region'
  ],
  [
    'a share over 1',
    { ...GOOD, flows: [{ ...FLOW, tail: 2 }] },
    ['flows', 0, 'tail'],
    'is no number from 0 to 1'
  ],
  [
    'days out of order',
    { ...GOOD, flows: [{ ...FLOW, curve: { '2022-01-09': 1, '2022-01-01': 2 } }] },
    ['flows', 0, 'curve'],
    'not in order'
  ],
  [
    'dark space that is no prefix',
    { ...GOOD, sensors: [{ id: 'x', country: 'JP', 'dark-space': ['198.18.0.1/24'] }] },
    ['sensors', 0, 'dark-space', 0],
    'is no IPv4 prefix'
  ]
] as const)('%s is told with its place', (_what, file, path, why) => {
  expect(checkScenario(file)).toMatchObject({ kind: 'invalid', path, why: expect.stringContaining(why) })
})
