// The faults of a run: what was done to whom, when, and whether it was seen to have happened.

/** One fault. */
export interface FaultEntry {
  /** Seconds since the faults began. */
  readonly atSeconds: number
  readonly kind: FaultKind
  readonly target: string
  readonly detail: string
  /** Seen at the process (its id gone, its state T), at the cable, or in Redis's own answer. */
  readonly isConfirmed: boolean
}

export const KINDS = [
  'kill-sensor',
  'kill-tagger',
  'kill-aggregator',
  'kill-kafka',
  'kill-redis',
  'pause',
  'rebalance',
  'restart',
  'cut'
] as const

/** Redis comes back with less than it had acknowledged. */
export const LOSS_KINDS = ['redis-cut-aof', 'redis-old-aof', 'redis-flushall'] as const

export type FaultKind = (typeof KINDS)[number] | (typeof LOSS_KINDS)[number]

/** Confirmed faults by kind. */
export function countByKind(entries: readonly FaultEntry[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind, isConfirmed } of entries) if (isConfirmed) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
