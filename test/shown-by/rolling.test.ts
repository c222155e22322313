// Rolling counts beside a recount of the packets that `tag` prints.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { parseLines, stormpetrel } from '../cli/collected-output.ts'
import { capturesAtHand } from './oracle/captures.ts'
import { type CountRow, type Dimension, recount, secondsOf, sorted } from './oracle/recount.ts'
import { type TagRecord, tag } from './oracle/tag-record.ts'

const SPANS: Readonly<Record<string, number>> = { '5m': 300, '1h': 3600, '24h': 86_400, '366d': 366 * 86_400 }

interface Question {
  readonly by: readonly Dimension[]
  readonly where?: string
  readonly admits?: (record: TagRecord) => boolean
  /** Seconds from the newest packet to `--to`, and to `--from`; without it neither is asked for. */
  readonly to?: number
  readonly from?: number
}

const QUESTIONS: readonly (readonly [string, Question])[] = [
  ['everything', { by: [] }],
  ['by port, region and tag', { by: ['port', 'region', 'tag'] }],
  ['by protocol, of one tag', { by: ['protocol'], where: 'tag=scan', admits: hasTag('scan') }],
  [
    'by asn and region, of two ports and a region',
    {
      by: ['asn', 'region'],
      where: 'port=23/TCP,port=427/UDP,region=US',
      admits: ({ protocol, dst_port, region }) =>
        ((protocol === 6 && dst_port === 23) || (protocol === 17 && dst_port === 427)) && region === 'US'
    }
  ],
  ['of what there is none of', { by: ['port'], where: 'protocol=255', admits: () => false }],
  ['by port, up to a time within', { by: ['port'], to: -37 }],
  [
    'by tag, up to the second of the newest packet',
    { by: ['tag'], to: 0, where: 'tag=mirai', admits: hasTag('mirai') }
  ],
  ['by region, up to a time after all', { by: ['region'], to: 4000 }],
  ['by port, from a time on', { by: ['port'], from: -90 }],
  ['by port, between two times', { by: ['port'], from: -2000, to: -15 }]
]

function hasTag(id: string): (record: TagRecord) => boolean {
  return ({ tags }) => tags!.includes(id)
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}

const CAPTURES = capturesAtHand().map(({ path }) => path)
/** All of them at once, whose times are decades apart, and three alone. */
const INPUTS: readonly (readonly [string, readonly string[]])[] = [
  ['all captures', CAPTURES],
  ...CAPTURES.filter((path) => /srvloc|mirai\.pcap\.zst|hping3/.test(path)).map(
    (path) => [path.replace(/.*\//, ''), [path]] as const
  )
]

describe.each(INPUTS)('rolling counts of %s', (_, files) => {
  let packets: readonly TagRecord[] = []
  let newest = 0
  beforeAll(async () => {
    packets = (await tag(...files)).records.filter(({ rejected }) => rejected === null)
    newest = packets.reduce((latest, packet) => Math.max(latest, secondsOf(packet)), 0)
  })

  test.each(QUESTIONS)('%s', async (__, { by, where, admits, to, from }) => {
    const toSeconds = to === undefined ? Number.POSITIVE_INFINITY : newest + to
    const fromSeconds = from === undefined ? 0 : newest + from
    const args = [
      '--window',
      'rolling',
      '--last',
      Object.keys(SPANS).join(','),
      '--by',
      by.join(','),
      '--sources'
    ]
    if (where !== undefined) args.push('--where', where)
    if (to !== undefined) args.push('--to', isoOf(toSeconds))
    if (from !== undefined) args.push('--from', isoOf(fromSeconds))

    const { stdout } = await stormpetrel(['counts', ...files, ...args])

    const inTime = packets.filter((packet) => {
      const seconds = secondsOf(packet)
      return seconds >= fromSeconds && seconds < toSeconds
    })
    const last = inTime.reduce((latest, packet) => Math.max(latest, secondsOf(packet)), 0)
    const end = to === undefined ? (Math.floor(last / 60) + 1) * 60 : Math.ceil(toSeconds / 60) * 60
    const expected = recount(inTime, {
      by,
      hasSources: true,
      ...(admits === undefined ? {} : { admits }),
      windowsOf: (seconds) =>
        Object.entries(SPANS)
          .filter(([, span]) => seconds >= end - span)
          .map(([label, span]) => [label, isoOf(end - span)] as const)
    })
    expect(sorted(parseLines(stdout) as CountRow[])).toEqual(sorted(expected))
  })
})
