// Drivers from the real topic: a bounded, even sample of it, and none where it cannot be read.
import { afterAll, describe, expect, test } from '@jest/globals'
import { InProcessBus } from '../../../adapters/in-process-bus.ts'
import type { KafkajsBus } from '../../../adapters/kafkajs-bus.ts'
import { MemoryStore } from '../../../adapters/memory-store.ts'
import type { EnrichedBatch } from '../../../core/batch/enriched-batch.ts'
import { StormpetrelError } from '../../../core/errors.ts'
import type { JudgedSurge } from '../../../core/surges/hourly-judge.ts'
import { Explainer } from '../../../services/detector/explain.ts'
import { sampleBatches } from '../../../services/detector/sample-batches.ts'
import { freshBus, freshPrefix } from '../../adapters/kafkajs/test-bus.ts'
import { sharedStack } from '../../stack/shared-stack.ts'
import { enrichedBatch } from '../../builders/batches.ts'

const HOUR = 3600
const buses: KafkajsBus[] = []
afterAll(() => Promise.all(buses.map((bus) => bus.stop())))

function surge(series: string, onsetSeconds: number): JudgedSurge {
  const onset = { onsetSeconds, onsetFromSeconds: onsetSeconds, onsetToSeconds: onsetSeconds }
  const rest = { detectedSeconds: onsetSeconds + HOUR, closedSeconds: null, ratio: 4, score: 1e-6 }
  return { series, kind: 'spike', state: 'open', ...onset, ...rest }
}

/** Sources of a region at one time. */
function batchOf(number: number, seconds: number, region: string, sources: number): EnrichedBatch {
  return enrichedBatch(
    Array.from({ length: sources }, (_, index) => ({
      seconds,
      region,
      dstPort: 23,
      src: number * 1000 + index
    })),
    { number }
  )
}

describe('on Kafka', () => {
  test('a port is explained by regions, networks, tools and sensors; the rest of the topic is not read', async () => {
    const { bus } = await freshBus(await sharedStack(), 2, { isCounting: true })
    buses.push(bus)
    const now = Math.floor(Date.now() / 1000)
    // Appended now, whatever the packets' time: spans are found by when a batch was appended.
    const onset = now - 1800
    const usual = onset - HOUR - 900
    await bus.publish('packets.enriched', 0, [batchOf(1, usual, 'JP', 10), batchOf(2, onset + 60, 'KR', 30)])
    await bus.publish('packets.enriched', 1, [batchOf(3, onset + 90, 'JP', 10), batchOf(4, usual, 'US', 1)])
    const explainer = new Explainer({
      counts: new MemoryStore(),
      packets: { bus, group: freshPrefix() },
      nowMs: Date.now,
      log: () => undefined
    })
    const steps: number[] = []
    const closed = { ...surge('port=23/TCP', onset), state: 'closed' as const, closedSeconds: now }
    const explained = await explainer.explain([surge('port=23/TCP', onset), closed], now, async () => {
      steps.push(1)
    })

    expect(explained[0]!.drivers!.filter(({ dimension }) => dimension === 'region')).toEqual([
      { dimension: 'region', key: 'KR', share: 1 }
    ])
    expect(new Set(explained[0]!.drivers!.map(({ dimension }) => dimension))).toEqual(
      new Set(['region', 'asn', 'tag', 'sensor', 'source'])
    )
    expect(explained[1]).toEqual(closed)
    expect(steps.length).toBe(1)
  }, 60_000)
})

describe('within a process', () => {
  let clockMs = 0
  async function busWith(hours: number, batchesAnHour: number): Promise<InProcessBus> {
    const bus = new InProcessBus({ partitions: 3, maxUnreadRecords: 1e6, nowMs: () => clockMs })
    let number = 0
    // A reader that never reads holds the log.
    await bus.subscribe(
      'packets.enriched',
      'holder',
      {
        assigned: () => Promise.resolve('committed'),
        begins: () => Promise.resolve(),
        records: () => new Promise(() => undefined),
        revoked: () => undefined
      },
      () => undefined
    )
    for (let hour = 0; hour < hours; hour++) {
      for (let batch = 0; batch < batchesAnHour; batch++) {
        clockMs = (hour * HOUR + (batch * HOUR) / batchesAnHour) * 1000
        await bus.publish('packets.enriched', batch % 3, [batchOf(++number, clockMs / 1000, 'JP', 1)])
      }
    }
    return bus
  }

  const spans = [
    [10 * HOUR, 20 * HOUR],
    [21 * HOUR, 31 * HOUR]
  ] as const

  test('a sample is bounded, even, and the same share of both spans', async () => {
    const bus = await busWith(40, 900)
    const seen: number[] = []
    const sample = await sampleBatches(bus, 'sample', spans, 10_000, ({ packets }) =>
      seen.push(packets.seconds[0]!)
    )

    expect(sample!.share).toBeGreaterThan(0.2)
    expect(sample!.share).toBeLessThan(0.25)
    const [usual, rise] = spans.map(
      ([from, to]) => seen.filter((seconds) => seconds >= from && seconds < to).length
    )
    expect(usual! + rise!).toBeLessThanOrEqual(2 * 2048 + 50)
    expect(Math.abs(usual! / rise! - 1)).toBeLessThan(0.02)
    expect(new Set(seen).size).toBe(seen.length)
    // Slices from the whole of a span.
    const hours = new Set(seen.map((seconds) => Math.floor(seconds / HOUR)))
    expect([...hours].filter((hour) => hour >= 21 && hour < 31).length).toBeGreaterThanOrEqual(8)
    await bus.stop()
  })

  test('few batches are read whole', async () => {
    const bus = await busWith(40, 12)
    const seen: number[] = []
    const sample = await sampleBatches(bus, 'sample', spans, 10_000, ({ packets }) =>
      seen.push(packets.seconds[0]!)
    )
    expect(sample).toEqual({ share: 1 })
    for (const [from, to] of spans)
      expect(seen.filter((seconds) => seconds >= from && seconds < to).length).toBe(120)
    await bus.stop()
  })

  test('a surge is told without them where the broker does not answer, and where it is long past', async () => {
    const bus = await busWith(40, 12)
    const log: string[] = []
    const explainer = new Explainer({
      counts: new MemoryStore(),
      packets: { bus, group: 'sample' },
      nowMs: () => 40 * HOUR * 1000,
      log: (_level, message) => log.push(message)
    })
    const old = surge('all', 21 * HOUR)
    expect(await explainer.explain([old], 22 * HOUR, async () => undefined)).toEqual([old])
    expect(log).toEqual([])

    bus.offsetsAt = () => Promise.reject(new StormpetrelError('SP_KAFKA', 'away'))
    const young = surge('all', 38 * HOUR)
    expect(await explainer.explain([young], 39 * HOUR, async () => undefined)).toEqual([young])
    expect(log.length).toBe(1)
    await bus.stop()
  })
})
