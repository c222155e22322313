// What surges are called, which of them are one story, and which wake somebody.
import { expect, test } from '@jest/globals'
import type { JudgedSurge } from '../../../core/surges/hourly-judge.ts'
import { SeriesJudge } from '../../../core/surges/series-judge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../../core/surges/settings.ts'
import { isPaged } from '../../../core/surges/stories.ts'
import { SurgeBook } from '../../../core/surges/surge-book.ts'
import { thresholdsOf } from '../../../core/surges/thresholds.ts'
import { poisson } from '../../builders/poisson.ts'

const HOUR = 3600
const END = 460_000 * HOUR

function judged(series: string, over: Partial<JudgedSurge> = {}): JudgedSurge {
  const onset = { onsetSeconds: END - HOUR, onsetFromSeconds: END - HOUR, onsetToSeconds: END - HOUR }
  const rest = { detectedSeconds: END, closedSeconds: null, ratio: 3, score: 1e-6 }
  return { series, kind: 'step', state: 'open', ...onset, ...rest, ...over }
}

test('what rises together and may be the same packets is one story, which pages once', () => {
  const book = new SurgeBook([], 3)
  const changes = book.enter(
    [
      judged('region=KR'),
      judged('port=23/TCP,tag=mirai', { score: 1e-9 }),
      judged('tag=mirai', { score: 1e-8 }),
      judged('port=23/TCP', { score: 1e-7 }),
      judged('port=445/TCP', { score: 1e-6 }),
      judged('asn=4766', { kind: 'heavy-hitter', score: null })
    ],
    END,
    1000
  )
  const told = new Map(changes.map(({ series, story, severity }) => [series, { story, severity }]))
  const mirai = told.get('port=23/TCP,tag=mirai')!.story

  for (const series of ['tag=mirai', 'port=23/TCP', 'region=KR']) expect(told.get(series)!.story).toBe(mirai)
  for (const series of ['port=445/TCP', 'asn=4766']) expect(told.get(series)!.story).not.toBe(mirai)
  const paged = [...told].filter(([, { severity }]) => severity === 'page').map(([series]) => series)
  expect(paged).toEqual(['port=23/TCP,tag=mirai', 'port=445/TCP'])
})

test('what joins a story later pages no more, and what began at another time is another story', () => {
  const book = new SurgeBook([], 3)
  const [first] = book.enter([judged('tag=mirai')], END, 10)
  const later = END + 20 * HOUR
  const [joined] = book.enter([judged('region=KR', { detectedSeconds: later })], later, 10)
  const onset = { onsetSeconds: later, onsetFromSeconds: later - HOUR, onsetToSeconds: later }
  const [other] = book.enter(
    [judged('region=JP', { ...onset, detectedSeconds: later + HOUR })],
    later + HOUR,
    10
  )

  expect([joined!.story, joined!.severity]).toEqual([first!.story, 'notice'])
  expect([other!.story, other!.severity]).toEqual([other!.surge, 'page'])
  // It stays what it is when it is told again, also by a detector that has just started.
  const restarted = new SurgeBook(book.open, 3)
  const closed = { state: 'closed' as const, closedSeconds: later, detectedSeconds: later }
  expect(restarted.enter([judged('region=KR', closed)], later + 2 * HOUR, 10)).toMatchObject([
    { story: first!.story, severity: 'notice', number: 2, state: 'closed' }
  ])
})

test('what was raised early as a notice pages when its hour is sure enough, and never the other way', () => {
  const book = new SurgeBook([], 3)
  const severityOf = (score: number, series: string): string[] => [
    book.raise([judged(series, { score })], END, 1000)[0]!.severity,
    book.enter([judged(series, { score: score / 1e6 })], END, 1000)[0]!.severity
  ]
  expect(severityOf(0.01, 'port=23/TCP')).toEqual(['notice', 'page'])
  expect(severityOf(1e-6, 'port=445/TCP')).toEqual(['page', 'page'])
})

test('the more series there are, the surer a page has to be', () => {
  expect([isPaged(0.01, 100, 3), isPaged(0.01, 1000, 3), isPaged(0.01, 1000, 10)]).toEqual([
    true,
    false,
    true
  ])
  expect([isPaged(null, 1, 3), isPaged(1e-6, 100_000, 3), isPaged(0, 100_000, 3)]).toEqual([
    false,
    true,
    true
  ])
})

test('series in which nothing happens page no more than was asked for, whatever their number', () => {
  const names = Array.from({ length: 500 }, (_, port) => `asn=${port + 1}`)
  // Twenty times as many alarms as by default: what 500 series show then is what 10,000 do.
  const judge = new SeriesJudge(thresholdsOf({ ...DEFAULT_SURGE_SETTINGS, falseAlarms: 0.2 }), null)
  const book = new SurgeBook([], 3)
  let pages = 0
  let alarms = 0
  for (let hour = 0; hour < 28 * 24; hour++) {
    const series = new Map(
      names.map((name, index) => {
        const sources = poisson(5 + (index % 7), hour * 7919 + index)
        return [name, { packets: sources, sources }]
      })
    )
    const reading = { startSeconds: END + hour * HOUR, isObserved: true, darkAddresses: 256, series }
    for (const { state, severity } of book.enter(
      judge.judge(reading),
      END + (hour + 1) * HOUR,
      judge.series
    )) {
      if (state !== 'open') continue
      alarms += 1
      if (severity === 'page') pages += 1
    }
  }
  // In the two weeks after two of learning, 15 alarms and half a page are what was asked for.
  expect(alarms).toBeLessThanOrEqual(60)
  expect(pages).toBeLessThanOrEqual(3)
})
