import { expect, test } from '@jest/globals'
import { packetsOutsideClock } from '../../../core/batch/clock-rule.ts'
import { HeaderCaptureWriter } from '../../../core/capture/header-capture.ts'
import type { RawBatch } from '../../../core/batch/raw-batch.ts'

const DAY_SECONDS = 86_400
const CLOSED_SECONDS = 1_700_000_000

function batchOf(packetSeconds: readonly number[]): RawBatch {
  const writer = new HeaderCaptureWriter()
  for (const [i, seconds] of packetSeconds.entries()) {
    const bytes = new Uint8Array(20 + i)
    writer.add(seconds, 0, bytes, 0, bytes.length, bytes.length)
  }
  return {
    name: { sensor: 'local', epoch: 'ab', lane: 0, number: 1 },
    digest: '',
    epochStartedMs: 0,
    closedAtMs: CLOSED_SECONDS * 1000,
    packets: packetSeconds.length,
    framesBefore: 0,
    kernelDrops: 0,
    declaredLosses: [],
    capture: writer.finish(),
    file: null,
    frames: [],
    refused: []
  }
}

test('packets over an hour ahead or seven days behind are those that taggers will reject', () => {
  const within = [CLOSED_SECONDS + 3600, CLOSED_SECONDS - 7 * DAY_SECONDS, CLOSED_SECONDS]
  const outside = [CLOSED_SECONDS + 3601, CLOSED_SECONDS - 7 * DAY_SECONDS - 1, 0]

  expect(packetsOutsideClock(batchOf(within))).toBe(0)
  expect(packetsOutsideClock(batchOf([...within, ...outside]))).toBe(3)
  expect(packetsOutsideClock(batchOf([]))).toBe(0)
})
