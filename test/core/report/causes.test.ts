// What became known of a port shortly before its surge.
import { describe, expect, test } from '@jest/globals'
import { causesBefore, checkCauses, type KnownCause, type PortCauses } from '../../../core/report/causes.ts'

const cause = (name: string, date: string): KnownCause => ({
  kind: 'vulnerability',
  name,
  date,
  what: 'runs code of others',
  source: 'NVD'
})
const KNOWN: readonly PortCauses[] = [
  {
    port: '8090/TCP',
    service: 'Atlassian Confluence',
    causes: [cause('CVE-2022-26134', '2022-06-03'), cause('CVE-2021-26084', '2021-08-30')]
  }
]
const at = (time: string): number => Date.parse(time) / 1000
const namesBefore = (port: string, time: string, exploited = [{ cve: 'x', dateAdded: '2022-06-02' }]) =>
  causesBefore(KNOWN, exploited, port, at(time)).map(({ name, source }) => `${name} ${source}`)

describe('what became known before an onset', () => {
  test('is of the thirty days before it, the day itself with it', () => {
    expect(namesBefore('8090/TCP', '2022-06-03T00:00:00Z')).toEqual(['CVE-2022-26134 NVD'])
    expect(namesBefore('8090/TCP', '2022-07-02T23:00:00Z')).toEqual(['CVE-2022-26134 NVD'])
    expect(namesBefore('8090/TCP', '2022-06-02T23:00:00Z')).toEqual([])
    expect(namesBefore('8090/TCP', '2022-07-03T00:00:00Z')).toEqual([])
  })

  test('is of that port alone', () => {
    expect(namesBefore('80/TCP', '2022-06-10T00:00:00Z')).toEqual([])
  })

  test('is also what was then listed as exploited, long after it was known', () => {
    const listed = [{ cve: 'CVE-2021-26084', dateAdded: '2022-06-05' }]
    expect(namesBefore('8090/TCP', '2022-06-10T00:00:00Z', listed)).toEqual([
      'CVE-2021-26084 CISA KEV',
      'CVE-2022-26134 NVD'
    ])
  })
})

test('a table that cannot be used says where and why', () => {
  const entry = { port: '1/TCP', service: 'a', causes: [cause('b', '2022-01-01')] }
  expect(checkCauses([entry])).toMatchObject({ kind: 'valid' })
  for (const [value, path, why] of [
    [{}, [], 'no list'],
    [[{ port: '1/TCP' }], [0], 'no port, service and causes'],
    [[entry, entry], [1], 'there twice'],
    [[{ ...entry, causes: [cause('b', 'May')] }], [0, 'causes', 0], 'date (YYYY-MM-DD)']
  ] as const)
    expect(checkCauses(value)).toMatchObject({ kind: 'invalid', path, why: expect.stringContaining(why) })
})
