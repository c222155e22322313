import { expect, test } from '@jest/globals'
import { Exposition } from '../../../services/metrics/exposition.ts'
import { LATENCY_BUCKETS_SECONDS, LatencyHistogram } from '../../../services/metrics/latency-histogram.ts'
import type { MetricReading } from '../../../services/metrics/metric-table.ts'

const sampleLines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

test('only what a service reads is shown, as it is at the scrape', async () => {
  let packets = 1
  const exposition = new Exposition(() => [
    { name: 'stormpetrel_packets_total', value: packets, labels: { service: 'tagger' } }
  ])

  expect(sampleLines(await exposition.text())).toEqual(['stormpetrel_packets_total{service="tagger"} 1'])
  packets = 5
  expect(sampleLines(await exposition.text())).toEqual(['stormpetrel_packets_total{service="tagger"} 5'])
})

test('a histogram shows cumulative buckets, their sum and their number', async () => {
  const latency = new LatencyHistogram()
  for (const durationMs of [-5, 10, 11, 7_200_000]) latency.observe(durationMs)
  const reading: MetricReading = {
    name: 'stormpetrel_latency_seconds',
    value: latency,
    labels: { service: 'tagger' }
  }

  const text = await new Exposition(() => [reading]).text()

  expect(text).toContain('# TYPE stormpetrel_latency_seconds histogram')
  const buckets = LATENCY_BUCKETS_SECONDS.map(
    (le) => `stormpetrel_latency_seconds_bucket{service="tagger",le="${le}"} ${le === 0.01 ? 2 : 3}`
  )
  expect(sampleLines(text)).toEqual([
    ...buckets,
    'stormpetrel_latency_seconds_bucket{service="tagger",le="+Inf"} 4',
    'stormpetrel_latency_seconds_sum{service="tagger"} 7200.021',
    'stormpetrel_latency_seconds_count{service="tagger"} 4'
  ])
})
