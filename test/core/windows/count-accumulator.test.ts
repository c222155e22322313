import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { CountAccumulator } from '../../../core/windows/count-accumulator.ts'
import { TAG_RULES } from '../../../core/tags/rules.ts'
import { enrichedBatch, type PacketFields } from '../../builders/batches.ts'

const packet = fc.record({
  seconds: fc.integer({ min: 1_655_000_000, max: 1_655_300_000 }),
  protocol: fc.constantFrom(6, 17, 1, 47),
  dstPort: fc.constantFrom(-1, 0, 23, 2323, 65535),
  region: fc.constantFrom('JP', 'KR', 'ZZ'),
  asn: fc.constantFrom(0, 4766, 4_200_000_000),
  tags: fc.integer({ min: 0, max: 2 ** TAG_RULES.length - 1 })
})

function portKey({ protocol, dstPort }: Required<Pick<PacketFields, 'protocol' | 'dstPort'>>): string {
  if (protocol === 1) return 'ICMP'
  const name = protocol === 6 ? 'TCP' : protocol === 17 ? 'UDP' : null
  if (name === null) return `${protocol}/IP`
  return dstPort === -1 ? name : `${dstPort}/${name}`
}

/** Counts packet by packet, with text keys: slow and plain. */
function recount(
  packets: readonly Required<Omit<PacketFields, 'src' | 'ipVersion'>>[],
  vantages: readonly string[]
): Map<string, number> {
  const counts = new Map<string, number>()
  const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const each of packets) {
    const day = 86_400
    const tokyo = 9 * 3600
    const windows = [
      ['minute', 'UTC', each.seconds - (each.seconds % 60)],
      ['hour', 'UTC', each.seconds - (each.seconds % 3600)],
      ['day', 'UTC', each.seconds - (each.seconds % day)],
      ['day', 'Asia/Tokyo', each.seconds - ((each.seconds + tokyo) % day)]
    ]
    const ids: string[] = TAG_RULES.filter((_, bit) => (each.tags & (1 << bit)) !== 0).map(({ id }) => id)
    if (ids.length === 0) ids.push('')
    const port = `port=${portKey(each)}`
    const region = `region=${each.region}`
    const series = ['all', port, region, `asn=${each.asn}`]
    for (const id of ids) series.push(`tag=${id}`, `${port},tag=${id}`, `${region},tag=${id}`)
    for (const window of windows) {
      for (const vantage of vantages) for (const name of series) add([...window, vantage, name].join('|'))
    }
  }
  return counts
}

test('every series of every window is what a packet-by-packet recount gives, over several batches', () => {
  fc.assert(
    fc.property(fc.array(fc.array(packet, { maxLength: 40 }), { maxLength: 4 }), (batches) => {
      const accumulator = new CountAccumulator(['UTC', 'Asia/Tokyo'])
      for (const packets of batches) accumulator.add(enrichedBatch(packets, { vantages: ['JP', 'all'] }))

      const { cells } = accumulator.take()

      const found = new Map(
        cells.map(({ window, series, packets }) => [
          [window.size, window.zone, window.startSeconds, window.vantage, series].join('|'),
          packets
        ])
      )
      expect(found).toEqual(recount(batches.flat(), ['JP', 'all']))
      expect(found.size).toBe(cells.length)
    }),
    { numRuns: 60 }
  )
})

test('sensors of one vantage are added up, and each keeps its hours', () => {
  const accumulator = new CountAccumulator(['UTC'])
  const seconds = 1_655_000_000
  for (const sensor of ['one', 'two', 'two']) {
    accumulator.add(enrichedBatch([{ seconds }], { name: { sensor, epoch: 'ab', lane: 0, number: 1 } }))
  }

  const { cells, sensorCells } = accumulator.take()

  const hour = cells.filter(({ window, series }) => window.size === 'hour' && series === 'all')
  expect(hour.map(({ packets }) => packets)).toEqual([3])
  const bySensor = sensorCells.filter(({ series }) => series === 'all')
  expect(bySensor.map(({ sensor, packets }) => [sensor, packets])).toEqual([
    ['one', 1],
    ['two', 2]
  ])
})

test('what was taken is not given again', () => {
  const accumulator = new CountAccumulator(['UTC'])
  accumulator.add(enrichedBatch([{ seconds: 1_655_000_000 }]))
  accumulator.take()

  expect(accumulator.take()).toEqual({ cells: [], sensorCells: [] })
})

test('a day that began before 1970 keeps its start', () => {
  const accumulator = new CountAccumulator(['Asia/Tokyo'])
  accumulator.add(enrichedBatch([{ seconds: 10 }]))

  const { cells } = accumulator.take()

  const days = cells.filter(({ window, series }) => window.size === 'day' && series === 'all')
  expect(days.map(({ window }) => window.startSeconds)).toEqual([-9 * 3600])
})
