import { describe, expect, test } from '@jest/globals'
import { MAX_BATCH_FRAMES, type RawBatch } from '../../../core/batch/raw-batch.ts'
import type { BusRecord } from '../../../core/bus.ts'
import { HeaderCaptureWriter } from '../../../core/capture/header-capture.ts'
import { tagRecord } from '../../../core/tagging/tag-record.ts'
import { TAG_RULES } from '../../../core/tags/rules.ts'
import { synPacket } from '../../builders/frames.ts'
import { rawBatch, rawRecord, taggingWorld } from '../../builders/raw-batches.ts'

const SECONDS = 1_655_000_000
const PLACE = { topic: 'packets.raw', partition: 3 }

describe('a good batch', () => {
  test('keeps its name and digest, and every frame is a packet or a rejection', () => {
    const raw = rawBatch()

    const { enriched, rejected } = tagRecord(rawRecord(raw), PLACE, taggingWorld())

    expect(enriched!.name).toEqual(raw.name)
    expect(enriched!.digest).toBe(raw.digest)
    expect([...enriched!.packets.frame.subarray(0, enriched!.packets.length)]).toEqual([1, 4])
    expect(rejected.map(({ frame, reason }) => [frame, reason])).toEqual([
      [2, 'ip-version'],
      [3, 'not-ip']
    ])
    expect(enriched!.rejected).toEqual([
      { reason: 'ip-version', frames: 1 },
      { reason: 'not-ip', frames: 1 }
    ])
  })

  test('is tagged', () => {
    const { enriched } = tagRecord(rawRecord(rawBatch()), PLACE, taggingWorld())

    const mirai = 1 << TAG_RULES.findIndex(({ id }) => id === 'mirai')
    expect(enriched!.packets.tags[0]! & mirai).toBe(mirai)
    expect(enriched!.packets.tags[1]! & mirai).toBe(0)
  })

  test('gives the same answer every time', () => {
    const raw = rawBatch()

    expect(tagRecord(rawRecord(raw), PLACE, taggingWorld())).toEqual(
      tagRecord(rawRecord(raw), PLACE, taggingWorld())
    )
  })
})

describe('a bad batch', () => {
  const cases: [string, BusRecord<RawBatch>, string][] = [
    [
      'an unknown sensor',
      rawRecord(rawBatch({ name: { sensor: 'other', epoch: 'ab', lane: 0, number: 1 } })),
      'unknown-sensor'
    ],
    [
      'a number of 2^40',
      rawRecord(rawBatch({ name: { sensor: 'local', epoch: 'ab', lane: 0, number: 2 ** 40 } })),
      'number-out-of-range'
    ],
    ['too many packets', rawRecord(rawBatch({ packets: 4097 })), 'over-bounds'],
    ['less than no packets', rawRecord(rawBatch({ packets: -3 })), 'over-bounds'],
    ['a capture that is too large', rawRecord(rawBatch({ capture: new Uint8Array(400_000) })), 'over-bounds']
  ]
  test.each(cases)('with %s is rejected whole, bytes kept', (_what, bad, reason) => {
    const { enriched, rejected } = tagRecord(bad, PLACE, taggingWorld())

    expect(rejected).toHaveLength(1)
    expect(rejected[0]).toMatchObject({ ...PLACE, offset: 17, reason })
    expect(enriched?.packets.length ?? 0).toBe(0)
    for (const { frames } of enriched?.rejected ?? []) expect(frames).toBeGreaterThanOrEqual(0)
  })

  test('with a header that names another batch is a message without a name', () => {
    const { enriched, rejected } = tagRecord(
      rawRecord(rawBatch(), { headerName: 'local|ab|0|2' }),
      PLACE,
      taggingWorld()
    )

    expect(enriched).toBeNull()
    expect(rejected[0]).toMatchObject({ name: null, reason: 'name-differs' })
  })

  test('that says it has more packets than its capture holds is short by missing-frames', () => {
    const raw = rawBatch({ packets: 5 })

    const { enriched } = tagRecord(rawRecord(raw), PLACE, taggingWorld())

    expect(enriched!.packets.length).toBe(2)
    expect(enriched!.rejected).toContainEqual({ reason: 'missing-frames', frames: 2 })
  })

  test('that says it has fewer packets than its capture holds is used whole: frames found decide', () => {
    const { enriched } = tagRecord(rawRecord(rawBatch({ packets: 1 })), PLACE, taggingWorld())

    expect(enriched!.packets.length).toBe(2)
    expect(enriched!.rejected).toContainEqual({ reason: 'ip-version', frames: 1 })
  })

  test('whose capture holds more frames than a batch may is over bounds, whatever it says', () => {
    const writer = new HeaderCaptureWriter()
    const packet = synPacket()
    for (let i = 0; i <= MAX_BATCH_FRAMES; i++) writer.add(SECONDS, 0, packet, 0, 40, 40)

    const { enriched, rejected } = tagRecord(
      rawRecord(rawBatch({ packets: 1, refused: [], capture: writer.finish() })),
      PLACE,
      taggingWorld()
    )

    expect(enriched!.packets.length).toBe(0)
    expect(enriched!.rejected).toEqual([{ reason: 'over-bounds', frames: MAX_BATCH_FRAMES }])
    expect(rejected).toMatchObject([{ reason: 'over-bounds' }])
  })

  test('with a damaged capture keeps the packets before the damage', () => {
    const raw = rawBatch()
    const capture = raw.capture.slice(0, raw.capture.length - 10)

    const { enriched } = tagRecord(rawRecord({ ...raw, capture }), PLACE, taggingWorld())

    expect(enriched!.packets.length).toBe(1)
    expect(enriched!.rejected).toContainEqual({ reason: 'missing-frames', frames: 1 })
  })

  test('that is not Avro spends the name in its header and as many frames as that says', () => {
    const bytes = new Uint8Array([1, 2, 3])
    const delivered = {
      kind: 'unreadable',
      reason: 'not-avro',
      bytes,
      name: 'local|ab|0|7',
      packets: 1_000_000
    } as const

    const { enriched, rejected } = tagRecord(rawRecord(rawBatch(), { delivered }), PLACE, taggingWorld())

    expect(enriched!.name.number).toBe(7)
    expect(enriched!.rejected).toEqual([{ reason: 'not-avro', frames: 4096 }])
    expect(rejected[0]).toMatchObject({ reason: 'not-avro', bytes, lengthBytes: 3 })
  })

  test('without any name is rejected under its offset', () => {
    const delivered = {
      kind: 'unreadable',
      reason: 'not-avro',
      bytes: new Uint8Array(1),
      name: null,
      packets: null
    } as const

    const { enriched, rejected } = tagRecord(rawRecord(rawBatch(), { delivered }), PLACE, taggingWorld())

    expect(enriched).toBeNull()
    expect(rejected[0]).toMatchObject({ offset: 17, name: null, reason: 'name-missing' })
  })
})

describe('the clock rule', () => {
  const live = taggingWorld({ hasClockRule: true })
  const appendedAtMs = SECONDS * 1000

  test.each([
    ['an hour and a second ahead', appendedAtMs + 3_601_000],
    ['older than the spool keeps', appendedAtMs - 86_400_000 - 3_601_000]
  ])('rejects a live batch that is %s', (_what, closedAtMs) => {
    const { enriched, rejected } = tagRecord(rawRecord(rawBatch({ closedAtMs })), PLACE, live)

    expect(enriched!.packets.length).toBe(0)
    expect(rejected[0]!.reason).toBe('clock')
  })

  test('rejects single packets that are far from their batch', () => {
    const closedAtMs = appendedAtMs + 8 * 86_400_000

    const { enriched } = tagRecord(
      rawRecord(rawBatch({ closedAtMs }), { appendedAtMs: closedAtMs }),
      PLACE,
      live
    )

    expect(enriched!.packets.length).toBe(0)
    expect(enriched!.rejected).toContainEqual({ reason: 'clock', frames: 3 })
  })

  test('holds for no run', () => {
    const { enriched } = tagRecord(rawRecord(rawBatch({ closedAtMs: 0 })), PLACE, taggingWorld())

    expect(enriched!.packets.length).toBe(2)
  })
})
