// What the end of the topic surges holds already, so that a detector that died between sending and noting it sends nothing
// twice.
import type { Bus, PartitionHandler } from '../../core/bus.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'

/** The newest `count` records in order, or all where there are fewer. Rejects where they cannot be read. */
export async function changesAtEnd(bus: Bus, group: string, count: number): Promise<SurgeChange[]> {
  const [end = 0] = await bus.endOffsets('surges')
  const from = Math.max(0, end - count)
  const changes: SurgeChange[] = []
  if (from === end) return changes
  let finish: () => void
  let fail: (error: Error) => void
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  const subscription = await bus.subscribe(
    'surges',
    group,
    collector(from, end, changes, () => finish()),
    (error) => fail(error)
  )
  try {
    await finished
  } finally {
    await subscription.stop()
  }
  return changes
}

function collector(
  from: number,
  end: number,
  changes: SurgeChange[],
  finish: () => void
): PartitionHandler<SurgeChange> {
  return {
    assigned: () => Promise.resolve(from),
    begins: (_partition, offset) => {
      if (offset >= end) finish()
      return Promise.resolve()
    },
    records: (_partition, records) => {
      for (const { delivered } of records) if (delivered.kind === 'value') changes.push(delivered.value)
      const nextOffset = records.at(-1)!.offset + 1
      if (nextOffset >= end) finish()
      return Promise.resolve({ kind: 'commit', nextOffset })
    },
    revoked: () => undefined
  }
}
