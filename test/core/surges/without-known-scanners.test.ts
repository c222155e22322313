import { expect, test } from '@jest/globals'
import { withoutKnownScanners } from '../../../core/surges/without-known-scanners.ts'

const hour = (counts: Readonly<Record<string, readonly [packets: number, sources: number]>>) =>
  new Map(Object.entries(counts).map(([name, [packets, sources]]) => [name, { packets, sources }]))

test('what known scanners sent is in no port, no region, and not in all of it', () => {
  const seen = hour({
    all: [1000, 300],
    'port=23/TCP': [700, 200],
    'port=9200/TCP': [250, 60],
    'region=US': [600, 100],
    'region=KR': [400, 200],
    'asn=4766': [400, 200],
    'tag=mirai': [300, 150],
    'port=23/TCP,tag=mirai': [300, 150],
    'tag=known-scanner': [500, 80],
    'port=23/TCP,tag=known-scanner': [250, 20],
    'port=9200/TCP,tag=known-scanner': [250, 61],
    'region=US,tag=known-scanner': [500, 80]
  })
  expect(withoutKnownScanners(seen)).toEqual(
    hour({
      all: [500, 220],
      'port=23/TCP': [450, 180],
      'region=US': [100, 20],
      'region=KR': [400, 200],
      'asn=4766': [400, 200],
      'tag=mirai': [300, 150],
      'port=23/TCP,tag=mirai': [300, 150]
    })
  )
})

test('an estimate that is off leaves no less than nothing, and no more sources than packets', () => {
  const seen = hour({ all: [100, 40], 'port=1/TCP': [3, 3], 'tag=known-scanner': [97, 10] })
  expect(withoutKnownScanners(seen).get('all')).toEqual({ packets: 3, sources: 3 })
  const fewer = hour({ all: [100, 40], 'tag=known-scanner': [50, 45] })
  expect(withoutKnownScanners(fewer).get('all')).toEqual({ packets: 50, sources: 0 })
})

test('an hour without them is the hour itself', () => {
  const seen = hour({ all: [10, 5], 'tag=mirai': [3, 2] })
  expect(withoutKnownScanners(seen)).toBe(seen)
})
