// Where a partition's log begins and ends, and what a group has committed, in numbers.
import type { Admin } from 'kafkajs'

/** The first offset that is still there, and the one after the last. */
export interface LogBounds {
  readonly start: number
  readonly end: number
}

/** Bounds by partition, from 0 on. */
export async function fetchLogBounds(admin: Admin, topic: string): Promise<LogBounds[]> {
  const bounds: LogBounds[] = []
  for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
    bounds[partition] = { start: Number(low), end: Number(high) }
  }
  return bounds
}

/** The first offset appended at that time or later, by partition from 0 on; its end where there is none. */
export async function fetchOffsetsAt(admin: Admin, topic: string, appendedAtMs: number): Promise<number[]> {
  const offsets: number[] = []
  const found = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(appendedAtMs)))
  for (const { partition, offset } of found) offsets[partition] = Number(offset)
  return offsets
}

/** The group's committed next offset of each partition that has one. */
export async function fetchCommitted(
  admin: Admin,
  groupId: string,
  topic: string
): Promise<Map<number, number>> {
  const topics = await admin.fetchOffsets({ groupId, topics: [topic] })
  const committed = new Map<number, number>()
  for (const { partition, offset } of topics.find((entry) => entry.topic === topic)?.partitions ?? []) {
    // -1 is none, and -2 what kafkajs writes where it was asked to begin at the log's start.
    if (Number(offset) >= 0) committed.set(partition, Number(offset))
  }
  return committed
}

/** Bounds of one partition. */
export async function fetchPartitionBounds(
  admin: Admin,
  topic: string,
  partition: number
): Promise<LogBounds> {
  const bounds = (await fetchLogBounds(admin, topic))[partition]
  if (bounds === undefined) throw new Error(`topic ${topic} has no partition ${partition}`)
  return bounds
}
