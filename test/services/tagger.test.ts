import { expect, test } from '@jest/globals'
import { InProcessBus } from '../../adapters/in-process-bus.ts'
import type { TaggingWorld } from '../../core/tagging/tag-record.ts'
import { taggerReadings } from '../../services/metrics/readings.ts'
import { TaggerCounters } from '../../services/tagger/metrics.ts'
import { Tagger } from '../../services/tagger/tagger.ts'

test('records that were deleted before they were tagged are counted as lost', async () => {
  const counters = new TaggerCounters(true)
  const tagger = new Tagger({
    bus: new InProcessBus({ partitions: 1, maxUnreadRecords: 1, nowMs: Date.now }),
    group: 'tagger',
    world: {} as TaggingWorld,
    counters,
    nowMs: Date.now,
    log: () => undefined,
    onFailure: () => undefined
  })

  await tagger.begins(0, 12, 5)
  await tagger.begins(1, 3, 0)

  const lost = taggerReadings(counters, 0).filter(({ name }) => name === 'stormpetrel_lost_records_total')
  expect(lost).toEqual([{ name: 'stormpetrel_lost_records_total', value: 10, labels: { service: 'tagger' } }])
})
