// What a surge is made of, by packets.
import { expect, test } from '@jest/globals'
import { riseSpans, SampledRise } from '../../../core/surges/sampled-rise.ts'
import { TAG_BITS } from '../../../core/tags/rules.ts'
import { enrichedBatch, type PacketFields } from '../../builders/batches.ts'

const HOUR = 3600
const ONSET = 460_000 * HOUR
const END = ONSET + 2 * HOUR
const SPANS = riseSpans(ONSET, END)
const USUAL = SPANS.usual[0]

/** One packet from each of `count` sources. */
function packets(count: number, firstSource: number, fields: PacketFields): PacketFields[] {
  return Array.from({ length: count }, (_, index) => ({ dstPort: 23, ...fields, src: firstSource + index }))
}

const at =
  (seconds: number) =>
  (each: PacketFields): PacketFields => ({ seconds, ...each })

function riseOf(
  series: string,
  usual: readonly PacketFields[],
  surge: readonly PacketFields[],
  sensor = 'a'
) {
  const rise = new SampledRise(series, SPANS)
  rise.add(enrichedBatch([...usual.map(at(USUAL)), ...surge.map(at(ONSET))]).packets, sensor)
  return rise
}

test('the spans are as long as each other, at most a day, and an hour apart', () => {
  expect(SPANS).toEqual({ usual: [ONSET - 3 * HOUR, ONSET - HOUR], surge: [ONSET, END] })
  const long = riseSpans(ONSET, ONSET + 100 * HOUR)
  expect(long.surge).toEqual([ONSET + 76 * HOUR, ONSET + 100 * HOUR])
  expect(long.usual).toEqual([ONSET - 25 * HOUR, ONSET - HOUR])
})

test('every dimension that the series leaves open has drivers, and its own has none', () => {
  const mirai = { region: 'KR', asn: 4766, tags: TAG_BITS.mirai | TAG_BITS.scan }
  const rise = riseOf('port=23/TCP', packets(10, 1, { region: 'JP', asn: 2497, tags: TAG_BITS.scan }), [
    ...packets(10, 1, { region: 'JP', asn: 2497, tags: TAG_BITS.scan }),
    ...packets(30, 1000, mirai),
    ...packets(10, 2000, { region: 'TW', asn: 3462, tags: TAG_BITS.scan }),
    ...packets(500, 5000, { dstPort: 22, region: 'US' })
  ])
  expect(rise.drivers(3, true)).toEqual([
    { dimension: 'region', key: 'KR', share: 0.75 },
    { dimension: 'region', key: 'TW', share: 0.25 },
    { dimension: 'asn', key: '4766', share: 0.75 },
    { dimension: 'asn', key: '3462', share: 0.25 },
    { dimension: 'tag', key: 'mirai', share: 0.75 },
    { dimension: 'tag', key: 'other', share: 0.25 },
    { dimension: 'sensor', key: 'a', share: 1 },
    { dimension: 'source', key: 'new', share: 0.8 },
    { dimension: 'source', key: 'known', share: 0.2 }
  ])
  expect(rise.drivers(3, false).some(({ dimension }) => dimension === 'source')).toBe(false)
})

test('a source that sends more is no rise of sources, and packets beside the spans are left out', () => {
  const loud = Array.from({ length: 200 }, () => ({ src: 7, dstPort: 23 }))
  const between = packets(50, 9000, { seconds: ONSET - 1 })
  const rise = riseOf('all', packets(1, 7, {}), [...loud, ...between])
  expect(rise.drivers(3, true)).toEqual([])
})

test.each([
  ['region=KR', { region: 'KR' }, 'port'],
  ['asn=4766', { asn: 4766 }, 'port'],
  ['tag=mirai', { tags: TAG_BITS.mirai }, 'region'],
  ['tag=', { tags: 0 }, 'region'],
  ['port=23/TCP,tag=mirai', { tags: TAG_BITS.mirai | TAG_BITS.scan }, 'region'],
  ['region=KR,tag=mirai', { region: 'KR', tags: TAG_BITS.mirai }, 'port']
] as const)('%s is told apart from everything else', (series, fields, dimension) => {
  const other = { region: 'US', asn: 1, tags: TAG_BITS.zmap, dstPort: 80 }
  const rise = riseOf(series, [], [...packets(20, 1, fields), ...packets(100, 1000, other)])
  const drivers = rise.drivers(3, true).filter((each) => each.dimension === dimension)
  expect(drivers).toEqual([
    {
      dimension,
      key: dimension === 'port' ? '23/TCP' : ('region' in fields && fields.region) || 'ZZ',
      share: 1
    }
  ])
})
