import { describe, expect, test } from '@jest/globals'
import {
  parseConditions,
  parseDimensions,
  parseInstant,
  parseSpans,
  parseWindows,
  parseZone
} from '../../../core/counts/parse-query.ts'
import { ABSENT } from '../../../core/packets/packet-columns.ts'
import { portCode } from '../../../core/windows/series.ts'

const utc = (text: string): number => Date.parse(text) / 1000
const usage = expect.objectContaining({ code: 'SP_USAGE' })

describe('dimensions', () => {
  test('are a list with commas, each once, in order', () => {
    expect(parseDimensions('region,port, region')).toEqual(['region', 'port'])
    expect(parseDimensions('')).toEqual([])
  })

  test('that are unknown are bad usage', () => {
    expect(() => parseDimensions('port,ttl')).toThrow(usage)
  })
})

describe('windows', () => {
  test('are sizes, all, or rolling with its spans', () => {
    const spans = parseSpans('5m,1h,24h,2d')

    expect(spans).toEqual([
      { label: '5m', seconds: 300 },
      { label: '1h', seconds: 3600 },
      { label: '24h', seconds: 86_400 },
      { label: '2d', seconds: 172_800 }
    ])
    expect(parseWindows('minute,all,rolling', spans)).toEqual([
      { kind: 'fixed', size: 'minute' },
      { kind: 'all' },
      { kind: 'rolling', spans }
    ])
  })

  test.each(['', 'week', 'hour,5m'])("'%s' is bad usage", (text) => {
    expect(() => parseWindows(text, [])).toThrow(usage)
  })

  test.each(['', '5', '0m', '5s', '367d', '-1h', '1.5h', '9999999m'])(
    "the span '%s' is bad usage",
    (text) => {
      expect(() => parseSpans(text)).toThrow(usage)
    }
  )
})

describe('times', () => {
  test.each([
    ['2022-05-11', 'UTC', '2022-05-11T00:00:00Z'],
    ['2022-05-11', 'Asia/Tokyo', '2022-05-10T15:00:00Z'],
    ['2022-05-11T09:30', 'Asia/Kathmandu', '2022-05-11T03:45:00Z'],
    ['2022-05-11T09:30:15Z', 'Asia/Tokyo', '2022-05-11T09:30:15Z'],
    ['2022-05-11T09:30:15+09:00', 'UTC', '2022-05-11T00:30:15Z'],
    ['2022-05-11T09:30-03:30', 'UTC', '2022-05-11T13:00:00Z'],
    ['2022-05-11T09:30+23:59', 'UTC', '2022-05-10T09:31:00Z'],
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00Z']
  ])('%s in %s is %s', (text, zone, expected) => {
    expect(parseInstant(text, zone, '--from')).toBe(utc(expected))
  })

  test.each([
    '',
    'yesterday',
    '2022-13-01',
    '2022-02-30',
    '2022-05-11T25:00Z',
    '2022-05-11T10:00:00.5Z',
    '2022-05-11T10:00+99:99',
    '2022-05-11T10:00+24:00',
    '2022-05-11T10:00-09:60',
    '1652194200',
    '2022-05-11 10:00'
  ])("'%s' is bad usage that names the option", (text) => {
    expect(() => parseInstant(text, 'UTC', '--from')).toThrow(usage)
    expect(() => parseInstant(text, 'UTC', '--from')).toThrow(/^--from: /)
  })

  test('zones are IANA names', () => {
    expect(parseZone('asia/tokyo')).toBe('Asia/Tokyo')
    expect(() => parseZone('Tokyo')).toThrow(usage)
  })
})

describe('conditions', () => {
  test('are lists by key, over several options', () => {
    expect(
      parseConditions(['tag=mirai,region=jp', 'region=KR,asn=AS4766,asn=0,sensor=a-1,vantage=JP,tag=zmap'])
    ).toEqual({
      tagBits: 3,
      regions: ['JP', 'KR'],
      vantages: ['JP'],
      ports: [],
      asns: [4766, 0],
      sensors: ['a-1'],
      protocols: []
    })
  })

  test('ports are keys, or numbers for TCP and UDP', () => {
    expect(parseConditions(['port=23/TCP,port=53,port=icmp,port=47/IP,port=UDP']).ports).toEqual([
      portCode(6, 23),
      portCode(6, 53),
      portCode(17, 53),
      portCode(1, ABSENT),
      portCode(47, ABSENT),
      portCode(17, ABSENT)
    ])
  })

  test('protocols are numbers or names', () => {
    expect(parseConditions(['protocol=tcp,protocol=17,protocol=ICMPv6,protocol=255']).protocols).toEqual([
      6, 17, 58, 255
    ])
  })

  test.each([
    'mirai',
    'tag=',
    '=mirai',
    'colour=red',
    'tag=botnet',
    'region=JPN',
    'port=65536/TCP',
    'port=70000',
    'port=http',
    'asn=AS',
    'asn=4294967296',
    'protocol=256',
    'protocol=23/TCP',
    'protocol=http'
  ])("'%s' is bad usage", (text) => {
    expect(() => parseConditions([text])).toThrow(usage)
  })
})
