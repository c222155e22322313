import { describe, expect, test } from '@jest/globals'
import { CountRowParser, parseHeader } from '../../../core/count-rows/count-row.ts'

function parserOf(header: string): CountRowParser {
  const parsed = parseHeader(header)
  if (parsed.kind === 'bad') throw new Error(parsed.reason)
  return new CountRowParser(parsed.columns)
}

const HOUR = Date.UTC(2022, 4, 11, 9) / 3_600_000

test('columns may stand in any order, others are passed over, and names may be quoted', () => {
  const parser = parserOf('note,packets,window_start,"series",sources,sensor,dark_addresses')

  expect(parser.parse('x,7,2022-05-11T09:00:00Z,"23/TCP, ""JP""",3,tokyo,512')).toEqual({
    kind: 'row',
    row: { series: '23/TCP, "JP"', sensor: 'tokyo', hour: HOUR, packets: 7, sources: 3, darkAddresses: 512 }
  })
})

test.each([
  '2022-05-11T09:00:00Z',
  '2022-05-11T09:00:00.000Z',
  '2022-05-11 09:00',
  '2022-05-11T18:00:00+09:00'
])('%s is nine o’clock', (time) => {
  const parsed = parserOf('series,window_start,packets').parse(`a,${time},1`)

  expect(parsed).toMatchObject({ row: { hour: HOUR, sources: null, sensor: null, darkAddresses: null } })
})

test('a file without what is needed says what is missing', () => {
  expect(parseHeader('series,time,packets')).toMatchObject({
    kind: 'bad',
    reason: expect.stringContaining('window_start is missing')
  })
})

describe('a row that cannot be used says why', () => {
  test.each([
    ['a,2022-05-11T09:30:00Z,1,2', 'no whole hour'],
    ['a,2022-02-31T09:00:00Z,1,2', 'no whole hour'],
    ['a,2022-05-11T09:00:00+05:30,1,2', 'no whole hour'],
    ['a,yesterday,1,2', 'no whole hour'],
    ['a,2022-05-11T09:00:00Z,-1,2', "packets '-1' is no number"],
    ['a,2022-05-11T09:00:00Z,,2', "packets '' is no number"],
    ['a,2022-05-11T09:00:00Z,1,many', "sources 'many' is no number"],
    ['a,2022-05-11T09:00:00Z,1', '3 cells where the first line names 4'],
    ['"a,2022-05-11T09:00:00Z,1,2', 'a quote is not closed']
  ])('%s', (line, reason) => {
    expect(parserOf('series,window_start,packets,sources').parse(line)).toMatchObject({
      kind: 'bad',
      reason: expect.stringContaining(reason)
    })
  })
})
