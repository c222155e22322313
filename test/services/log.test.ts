import { expect, test } from '@jest/globals'
import { jsonLog } from '../../services/log.ts'

function logAt() {
  const lines: Record<string, unknown>[] = []
  const clock = { nowMs: 0 }
  const log = jsonLog(
    'tagger',
    (line) => lines.push(JSON.parse(line)),
    () => clock.nowMs
  )
  return { lines, clock, log }
}

test('a line is one JSON object with time, level, service, message and the fields', () => {
  const { lines, log } = logAt()

  log('info', 'partitions assigned', { partitions: [0, 1] })
  log('debug', 'nobody reads this', {})

  expect(lines).toEqual([
    {
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      service: 'tagger',
      message: 'partitions assigned',
      partitions: [0, 1]
    }
  ])
})

test('a warning that repeats itself is one line in 10 s, and the next says how many were left out', () => {
  const { lines, clock, log } = logAt()

  for (clock.nowMs = 0; clock.nowMs <= 10_000; clock.nowMs += 500) {
    log('warn', 'kafkajs', { says: 'Connection error', retryCount: clock.nowMs })
  }

  expect(lines.map(({ time, repeats }) => [time, repeats])).toEqual([
    ['1970-01-01T00:00:00.000Z', undefined],
    ['1970-01-01T00:00:10.000Z', 19]
  ])
})

test('warnings about different things, and lines that are no warnings, are all written', () => {
  const { lines, log } = logAt()

  log('warn', 'kafka commit failed', { topic: 'a', error: 'x' })
  log('warn', 'kafka commit failed', { topic: 'b', error: 'x' })
  log('error', 'broken', {})
  log('error', 'broken', {})
  log('info', 'partitions assigned', {})
  log('info', 'partitions assigned', {})

  expect(lines).toHaveLength(6)
})
