import { expect, test } from '@jest/globals'
import { isPaged, type StorySurge, tellStories } from '../../../core/surges/stories.ts'
import type { Surge, SurgeKind } from '../../../core/surges/surge.ts'

function surgeOf(
  name: string,
  onsetHour: number,
  risePerHour: number,
  kind: SurgeKind = 'step',
  score = 0.001
): StorySurge {
  const surge: Surge = {
    series: 0,
    kind,
    onsetHour,
    onsetFromHour: onsetHour - 1,
    onsetToHour: onsetHour + 1,
    detectedHour: onsetHour + 5,
    closedHour: null,
    end: null,
    ratio: 3,
    score: kind === 'heavy-hitter' ? null : score
  }
  return { name, surge, risePerHour }
}

function namesOf(surges: readonly StorySurge[]): string[][] {
  return tellStories(surges).map((story) => story.surges.map(({ name }) => name))
}

test('what began together is one story, and the greatest rise leads it', () => {
  const surges = [
    surgeOf('KR', 1000, 300),
    surgeOf('23/TCP', 1002, 900),
    surgeOf('80/TCP', 1400, 50),
    surgeOf('mirai', 1001, 850)
  ]

  expect(namesOf(surges)).toEqual([['23/TCP', 'mirai', 'KR'], ['80/TCP']])
  expect(namesOf(surges.toReversed())).toEqual(namesOf(surges))
})

test('trends that began within days of one another are one story', () => {
  expect(namesOf([surgeOf('JP', 1000, 9, 'trend'), surgeOf('445/TCP', 1040, 8, 'trend')])).toEqual([
    ['JP', '445/TCP']
  ])
  expect(namesOf([surgeOf('JP', 1000, 9), surgeOf('445/TCP', 1040, 8)])).toEqual([['JP'], ['445/TCP']])
})

test('a heavy hitter explains no rise, and is not paged', () => {
  const stories = tellStories([surgeOf('22/TCP', 1000, 9), surgeOf('22/TCP', 1000, 0, 'heavy-hitter')])

  expect(stories.map(({ score }) => score)).toEqual([0.001, null])
  expect(isPaged(stories[1]!, 1, 1000)).toBe(false)
})

test('a story is paged where chance would make few of its strength among so many series', () => {
  const [story] = tellStories([surgeOf('a', 1000, 9, 'step', 0.0002), surgeOf('b', 1000, 8, 'step', 0.005)])

  expect(isPaged(story!, 10_000, 3)).toBe(true)
  expect(isPaged(story!, 100_000, 3)).toBe(false)
})
