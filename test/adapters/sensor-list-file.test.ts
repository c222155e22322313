import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parseSensorList, readSensorList } from '../../adapters/sensor-list-file.ts'
import { buildAimedAt } from '../../core/tags/aimed-at.ts'
import { darkAddressCount, findSensor, isActiveAt, vantagesOf } from '../../core/telescope/sensor-list.ts'

const EXAMPLE = join(__dirname, '../../docs/examples/sensors.yaml')

function parse(...lines: string[]) {
  return parseSensorList('sensors.yaml', Buffer.from(lines.join('\n')))
}

describe('the example in the documentation', () => {
  test('declares three sensors with all that can be declared', async () => {
    const list = await readSensorList(EXAMPLE)

    expect(list.sensors.map((sensor) => sensor.id)).toEqual(['tokyo-1', 'taipei-cloud', 'london-old'])
    expect(list.sensors.map(vantagesOf)).toEqual([
      ['JP', 'all'],
      ['TW', 'all'],
      ['GB', 'all']
    ])
    expect(list.sensors.map((sensor) => darkAddressCount(sensor, 4))).toEqual([128, 17, 64])
    expect(list.sensors.map((sensor) => sensor.name)).toEqual([
      'Tokyo, exchange',
      'Taipei, cloud',
      'london-old'
    ])
    expect(list.sensors.map((sensor) => sensor.partner)).toEqual(['JPCERT/CC', 'TWCERT/CC', ''])
    expect(list.version).toBe(createHash('sha256').update(readFileSync(EXAMPLE)).digest('hex'))
  })

  test('maps the cloud sensor as the rules of the tagger read it', async () => {
    const found = findSensor(await readSensorList(EXAMPLE), 'taipei-cloud')
    if (found.kind === 'unknown') throw new Error('the example lost a sensor')
    const aimedAt = buildAimedAt(found.sensor.publicAddresses)

    expect(aimedAt.ipv4(0x0a140003)).toBe(0xc6336413)
    expect(aimedAt.ipv4(0x0a140107)).toBe(0xc0000207)
  })

  test('ends the closed sensor with the last second of its last day', async () => {
    const found = findSensor(await readSensorList(EXAMPLE), 'london-old')
    if (found.kind === 'unknown') throw new Error('the example lost a sensor')
    const at = (iso: string) => isActiveAt(found.sensor, Date.parse(iso) / 1000)

    expect(at('2022-12-31T23:59:59Z')).toBe(false)
    expect(at('2023-01-01T00:00:00Z')).toBe(true)
    expect(at('2024-03-31T23:59:59Z')).toBe(true)
    expect(at('2024-04-01T00:00:00Z')).toBe(false)
  })
})

test('without a file the local sensor list holds', async () => {
  expect((await readSensorList(null)).sensors.map((sensor) => sensor.id)).toEqual(['local'])
})

test('a file that is not there is named', async () => {
  await expect(readSensorList('/nonexistent/sensors.yaml')).rejects.toMatchObject({
    code: 'SP_FILE_UNREADABLE',
    message: expect.stringMatching(/^\/nonexistent\/sensors\.yaml: ENOENT/)
  })
})

test('country codes that look like YAML 1.1 truth values are text', () => {
  const list = parse('sensors:', '  - { id: oslo, country: NO, dark-space: [203.0.113.0/24] }')

  expect(list.sensors[0]!.country).toBe('NO')
})

describe('a mistake is told with its file, line, reason and what to do', () => {
  const dark = 'dark-space: [203.0.113.0/24]'
  const mistakes: readonly (readonly [string, readonly string[], string])[] = [
    ['an empty file', [''], 'line 1: nothing is here instead of a mapping; write the keys sensors'],
    ['a list at the top', ['- id: a'], 'line 1: a list is here instead of a mapping'],
    ['no sensor', ['sensors: []'], 'line 1: the list of sensors is empty'],
    ['broken YAML', ['sensors:', '  - id: "a', ''], 'it is no YAML: '],
    ['a key twice', ['sensors:', '  - id: a', '    id: b'], 'line 3: it is no YAML: Map keys must be unique'],
    [
      'an unknown key',
      ['sensors:', '  - id: a', '    county: JP'],
      'line 3: the key "county" is unknown; known here: id, name, partner, country'
    ],
    ['no id', ['sensors:', `  - { country: JP, ${dark} }`], 'line 2: nothing is here instead of id; add id'],
    [
      'an id with a separator',
      ['sensors:', `  - { id: a|b, country: JP, ${dark} }`],
      'line 2: "a|b" is no sensor id; use 1 to 64 of'
    ],
    [
      'a number as id',
      ['sensors:', `  - { id: 7, country: JP, ${dark} }`],
      'line 2: the number 7 is here instead of id; write text, in quotes'
    ],
    [
      'an id twice',
      ['sensors:', `  - { id: a, country: JP, ${dark} }`, `  - { id: a, country: JP, ${dark} }`],
      'line 3: "a" is declared twice'
    ],
    [
      'a country in words',
      ['sensors:', '  - id: a', '    country: Japan', `    ${dark}`],
      'line 3: "Japan" is no ISO 3166-1 alpha-2 country code'
    ],
    [
      'UK',
      ['sensors:', `  - { id: a, country: UK, ${dark} }`],
      '"UK" is no ISO 3166-1 alpha-2 country code; write GB'
    ],
    [
      'no dark space',
      ['sensors:', '  - { id: a, country: JP }'],
      'line 2: nothing is here instead of a list'
    ],
    [
      'a prefix with host bits',
      ['sensors:', '  - id: a', '    country: JP', '    dark-space:', '      - 203.0.113.1/24'],
      'line 5: "203.0.113.1/24" is no prefix; write ADDRESS/LENGTH'
    ],
    [
      'overlapping prefixes',
      ['sensors:', '  - { id: a, country: JP, dark-space: [203.0.113.7, 203.0.113.0/24] }'],
      'line 2: 203.0.113.0/24 overlaps a prefix before it'
    ],
    [
      'public prefixes of another length',
      [
        'sensors:',
        '  - id: a',
        '    country: JP',
        `    ${dark}`,
        '    public-addresses:',
        '      10.0.0.0/24: 198.51.100.0/25'
      ],
      'line 6: 10.0.0.0/24: 198.51.100.0/25 are prefixes of different lengths'
    ],
    [
      'an inside address twice',
      [
        'sensors:',
        `  - { id: a, country: JP, ${dark}, public-addresses: { 10.0.0.1: 192.0.2.1, 10.0.0.1/32: 192.0.2.2 } }`
      ],
      'line 2: 10.0.0.1/32 is mapped twice'
    ],
    [
      'an IPv6 public address',
      ['sensors:', `  - { id: a, country: JP, ${dark}, public-addresses: { "fd00::1": "2001:db8::1" } }`],
      'line 2: fd00::1: 2001:db8::1 is not IPv4'
    ],
    [
      'a day that is none',
      ['sensors:', `  - { id: a, country: JP, ${dark}, active: { from: 2023-02-29 } }`],
      'line 2: "2023-02-29" is no day'
    ],
    [
      'an end before the start',
      ['sensors:', `  - { id: a, country: JP, ${dark}, active: { from: 2023-02-02, to: 2023-02-01 } }`],
      'line 2: the last day is before the first'
    ]
  ]

  test.each(mistakes)('%s', (_, lines, told) => {
    const read = () => parse(...lines)

    expect(read).toThrow(expect.objectContaining({ code: 'SP_SENSORS_FILE' }))
    expect(read).toThrow(told)
    expect(read).toThrow(/^sensors\.yaml, line \d+: [^\n]*; [^\n]*$/)
  })

  test('aliases that unfold without end', () => {
    const lines = ['a0: &a0 [x]']
    for (let i = 1; i < 12; i++) lines.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}]`)

    expect(() => parse(...lines)).toThrow(expect.objectContaining({ code: 'SP_SENSORS_FILE' }))
  })
})
