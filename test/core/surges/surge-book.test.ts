// What surges are called, which of them are one story, and which wake somebody.
import { expect, test } from '@jest/globals'
import type { JudgedSurge } from '../../../core/surges/hourly-judge.ts'
import { SeriesJudge } from '../../../core/surges/series-judge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../../core/surges/settings.ts'
import { isPaged } from '../../../core/surges/stories.ts'
import { SurgeBook } from '../../../core/surges/surge-book.ts'
import { thresholdsOf } from '../../../core/surges/thresholds.ts'
import type { SurgeChange } from '../../../core/surges/surge-change.ts'
import { poisson } from '../../builders/poisson.ts'

const HOUR = 3600
const END = 460_000 * HOUR

function judged(series: string, over: Partial<JudgedSurge> = {}): JudgedSurge {
  const onset = { onsetSeconds: END - HOUR, onsetFromSeconds: END - HOUR, onsetToSeconds: END - HOUR }
  const rest = { detectedSeconds: END, closedSeconds: null, ratio: 3, score: 1e-6 }
  return { series, kind: 'step', state: 'open', ...onset, ...rest, ...over }
}

/** Enters an hour; unless said otherwise, what was open and is not told of stays open as it is. */
function enter(
  book: SurgeBook,
  changed: readonly JudgedSurge[],
  hourEndSeconds: number,
  series: number,
  open: readonly JudgedSurge[] = [
    ...changed.filter(({ state }) => state === 'open'),
    ...book.open.flatMap((each) =>
      each.state !== 'open' || changed.some((other) => other.series === each.series)
        ? []
        : [{ ...each, state: 'open' as const }]
    )
  ]
): SurgeChange[] {
  return book.enter({ judged: changed, open, hourEndSeconds, series })
}

test('what rises together and may be the same packets is one story, which pages once', () => {
  const book = new SurgeBook([], 3)
  const changes = enter(
    book,
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

test('parts of a story may contradict each other, and not the surge that leads it', () => {
  const book = new SurgeBook([], 3)
  const ofStory = ['tag=mirai', 'asn=4766', 'asn=3786', 'region=KR,tag=mirai'].map((series, i) =>
    judged(series, { score: 1e-9 * (i + 1) })
  )
  const changes = enter(book, ofStory, END, 1000)
  expect(new Set(changes.map(({ story }) => story)).size).toBe(1)

  // Of what is left when the leader is over, the most certain one leads.
  const over = [{ ...ofStory[0]!, state: 'closed' as const, closedSeconds: END + HOUR }]
  enter(book, over, END + HOUR, 1000)
  const later = END + 2 * HOUR
  const storiesOf = (series: string): boolean[] =>
    enter(book, [judged(series, { detectedSeconds: later })], later, 1000).map(
      ({ story }) => story === changes[0]!.story
    )
  expect(storiesOf('port=23/TCP')).toEqual([true])
  expect(storiesOf('asn=9318')).toEqual([false])
})

test('what joins a story later pages no more, and what began at another time is another story', () => {
  const book = new SurgeBook([], 3)
  const [first] = enter(book, [judged('tag=mirai')], END, 10)
  const later = END + 20 * HOUR
  const [joined] = enter(book, [judged('region=KR', { detectedSeconds: later })], later, 10)
  const onset = { onsetSeconds: later, onsetFromSeconds: later - HOUR, onsetToSeconds: later }
  const [other] = enter(
    book,
    [judged('region=JP', { ...onset, detectedSeconds: later + HOUR })],
    later + HOUR,
    10
  )

  expect([joined!.story, joined!.severity]).toEqual([first!.story, 'notice'])
  expect([other!.story, other!.severity]).toEqual([other!.surge, 'page'])
  // It stays what it is when it is told again, also by a detector that has just started.
  const restarted = new SurgeBook(book.open, 3)
  const closed = { state: 'closed' as const, closedSeconds: later, detectedSeconds: later }
  expect(enter(restarted, [judged('region=KR', closed)], later + 2 * HOUR, 10)).toMatchObject([
    { story: first!.story, severity: 'notice', number: 2, state: 'closed' }
  ])
})

test('what was raised early as a notice pages when its hour is sure enough, and never the other way', () => {
  const book = new SurgeBook([], 3)
  const severityOf = (score: number, series: string): string[] => [
    book.raise([judged(series, { score })], END, 1000)[0]!.severity,
    enter(book, [judged(series, { score: score / 1e6 })], END, 1000)[0]!.severity
  ]
  expect(severityOf(0.01, 'port=23/TCP')).toEqual(['notice', 'page'])
  expect(severityOf(1e-6, 'port=445/TCP')).toEqual(['page', 'page'])
})

test('a surge that grows sure of itself while it is open becomes a page, once for its story', () => {
  const book = new SurgeBook([], 3)
  const [first, second] = [judged('port=23/TCP', { score: 0.01 }), judged('tag=mirai', { score: 0.009 })]
  expect(enter(book, [first, second], END, 1000).map(({ severity }) => severity)).toEqual([
    'notice',
    'notice'
  ])

  const surer = [
    { ...first, score: 1e-5, ratio: 4 },
    { ...second, score: 1e-6, ratio: 5 }
  ]
  expect(enter(book, [], END + HOUR, 1000, surer)).toMatchObject([
    { series: 'tag=mirai', number: 2, state: 'open', severity: 'page', ratio: 5, score: 1e-6 }
  ])
  expect(book.open.map(({ series, severity, ratio }) => [series, severity, ratio])).toEqual([
    ['tag=mirai', 'page', 5],
    ['port=23/TCP', 'notice', 4]
  ])
  // Nothing is told of an hour in which only numbers moved, nor does the story page again when what paged is over.
  const over = { ...second, state: 'closed' as const, closedSeconds: END + HOUR }
  const left = [{ ...first, score: 1e-7, ratio: 6 }]
  expect(enter(book, [over], END + 2 * HOUR, 1000, left).map(({ state }) => state)).toEqual(['closed'])
  expect(enter(book, [], END + 3 * HOUR, 1000, left)).toEqual([])
  expect(book.open).toMatchObject([{ series: 'port=23/TCP', severity: 'notice', ratio: 6, number: 1 }])
  expect(enter(new SurgeBook(book.open, 3), [], END + 3 * HOUR, 1000, left)).toMatchObject([{}])
})

test('an onset that is dated anew is told, and what a judge knows no more is closed', () => {
  const book = new SurgeBook([], 3)
  enter(book, [judged('region=KR')], END, 10)
  const onsetSeconds = END - 5 * HOUR
  const anew = judged('region=KR', { onsetSeconds, onsetFromSeconds: onsetSeconds - HOUR })
  expect(enter(book, [], END + 24 * HOUR, 10, [anew])).toMatchObject([
    { number: 2, state: 'open', onsetSeconds, onsetFromSeconds: onsetSeconds - HOUR }
  ])
  expect(enter(book, [], END + 25 * HOUR, 10, [])).toMatchObject([
    { number: 3, state: 'closed', closedSeconds: END + 25 * HOUR }
  ])
  expect(book.open).toEqual([])
})

test('a page that is withdrawn leaves its story to page by what is left of it', () => {
  const book = new SurgeBook([], 3)
  book.raise([judged('tag=mirai')], END, 10)
  const [joined] = enter(book, [judged('region=KR', { score: 1e-5 })], END, 10)
  expect([joined!.story, joined!.severity]).toEqual([expect.not.stringMatching(joined!.surge), 'notice'])
  expect(enter(book, [], END + HOUR, 10)).toMatchObject([{ series: 'region=KR', severity: 'page' }])
})

test('what pages is named first, however sure the rest is', () => {
  const book = new SurgeBook([], 3)
  enter(book, [judged('port=23/TCP', { score: 1e-4 })], END, 10)
  const later = END + 30 * 24 * HOUR
  const onset = {
    onsetSeconds: later,
    onsetFromSeconds: later,
    onsetToSeconds: later,
    detectedSeconds: later
  }
  // Of one story, which pages once.
  const story = ['tag=mirai', 'region=KR', 'asn=4766'].map((series, index) =>
    judged(series, { ...onset, score: 10 ** (index - 12) })
  )
  enter(book, story, later, 10)
  expect(book.open.map(({ series, severity }) => `${series} ${severity}`)).toEqual([
    'tag=mirai page',
    'port=23/TCP page',
    'region=KR notice',
    'asn=4766 notice'
  ])
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
    for (const { state, severity } of enter(
      book,
      judge.judge(reading),
      END + (hour + 1) * HOUR,
      judge.series,
      judge.open()
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

test('who learns anew ends nothing before it began, and tells each again as what it was', () => {
  const before = new SurgeBook([], 3)
  const [lasting, over] = [
    judged('tag=mirai'),
    judged('port=445/TCP', { detectedSeconds: END - 48 * HOUR, onsetFromSeconds: END - 50 * HOUR })
  ]
  const told = [
    ...enter(before, [over], END - 48 * HOUR, 10),
    ...enter(before, [{ ...over, state: 'closed', closedSeconds: END - 40 * HOUR }], END - 40 * HOUR, 10),
    ...enter(before, [lasting], END, 10)
  ]
  const newest = new Map(told.map((change) => [change.surge, change]))
  expect([...newest.values()].map(({ severity, state }) => [severity, state])).toEqual([
    ['page', 'closed'],
    ['page', 'open']
  ])

  const anew = new SurgeBook([...newest.values()], 3)
  // Hours of before that hold nothing, or another's surge: what is open now had not begun.
  expect(enter(anew, [], END - 100 * HOUR, 10, [])).toEqual([])
  const again = enter(anew, [over], END - 48 * HOUR, 10, [over])
  expect(again).toMatchObject([{ series: 'port=445/TCP', number: 3, state: 'open', severity: 'page' }])
  expect(anew.open.map(({ series }) => series)).toContain('tag=mirai')
  const closed = { ...over, state: 'closed' as const, closedSeconds: END - 40 * HOUR }
  expect(enter(anew, [closed], END - 40 * HOUR, 10, [])).toMatchObject([{ number: 4, state: 'closed' }])
  const [lastingAgain] = enter(anew, [lasting], END, 10, [lasting])
  expect(lastingAgain).toMatchObject({ number: 2, state: 'open', severity: 'page', story: told[2]!.story })
  expect(new Set([...told, ...again, lastingAgain!].map(({ id }) => id)).size).toBe(5)
  // What the new judge does not find where it was found is over from then on.
  const other = new SurgeBook([...newest.values()], 3)
  expect(enter(other, [], END, 10, [])).toMatchObject([
    { series: 'tag=mirai', state: 'closed', closedSeconds: END }
  ])
})
