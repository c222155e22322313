// Fills packets.raw with traffic of several sensors, as sensors under full load send it: batches as large as they may be.
import { Batcher } from '../../core/batch/batcher.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { Bus } from '../../core/bus.ts'
import { Traffic, type TrafficTruth } from './traffic.ts'

/** What is sent, over all sensors. */
export interface RawTopicOptions {
  readonly bus: Bus
  readonly sensors: readonly string[]
  readonly packets: number
  /** Packets in a second of packet time, over all sensors. */
  readonly packetsPerSecond: number
  readonly startSeconds: number
}

/** What the topic then holds. */
export interface FilledTopic {
  readonly truths: readonly TrafficTruth[]
  readonly batches: number
  readonly valueBytes: number
}

const SOURCES = 200_000
const BATCHES_A_REQUEST = 2

/** Sends every sensor's packets to one partition, in turns. */
export async function fillRawTopic(options: RawTopicOptions): Promise<FilledTopic> {
  const { bus, sensors, packets, packetsPerSecond, startSeconds } = options
  const partitions = await bus.partitions('packets.raw')
  const own = packets / sensors.length
  const lanes = sensors.map((sensor, index) => ({
    partition: index % partitions,
    waiting: [] as RawBatch[],
    traffic: new Traffic({
      seed: 20_220_511 + index,
      darkPrefix: 0xcb0071,
      sources: SOURCES,
      startSeconds,
      packetsPerSecond: packetsPerSecond / sensors.length
    }),
    batcher: newBatcher(sensor, index, startSeconds)
  }))
  let batches = 0
  let valueBytes = 0
  const send = async (lane: (typeof lanes)[number]): Promise<void> => {
    batches += lane.waiting.length
    valueBytes += await bus.publish('packets.raw', lane.partition, lane.waiting)
    lane.waiting = []
  }
  let left = lanes.length
  while (left > 0) {
    left = 0
    for (const lane of lanes) {
      while (lane.traffic.truth.frames < own && lane.waiting.length < BATCHES_A_REQUEST) {
        lane.traffic.next()
        const full = lane.batcher.add(lane.traffic.frame)
        if (full !== null) lane.waiting.push(full)
      }
      if (lane.traffic.truth.frames < own) left += 1
      else {
        const last = lane.batcher.close()
        if (last !== null) lane.waiting.push(last)
      }
      if (lane.waiting.length > 0) await send(lane)
    }
  }
  return { truths: lanes.map(({ traffic }) => traffic.truth), batches, valueBytes }
}

function newBatcher(sensor: string, index: number, startSeconds: number): Batcher {
  return new Batcher({
    sensor,
    epoch: String(index).padStart(32, '0'),
    epochStartedMs: startSeconds * 1000,
    lane: 0,
    file: null,
    limits: { frames: 4096, sizeBytes: 320 * 1024, packetTimeSeconds: 1 },
    withDigest: true
  })
}
