// What every topic must be set to, and why: the exactly-once rule and the batches' bounds depend on it.
import type { TopicName } from '../../core/bus.ts'

/** How topics are made, as far as it is a choice. */
export interface TopicSettings {
  readonly partitions: number
  /** Null: as many as there are brokers, at most 3. */
  readonly replicationFactor: number | null
  readonly retentionMs: Readonly<Record<TopicName, number>>
}

const DAY_MS = 86_400_000

/**
 * Topics as they are made where nothing else is configured: a week of batches, a month of what was rejected, surges for a
 * year and a quarter's report.
 */
export const DEFAULT_TOPIC_SETTINGS: TopicSettings = {
  partitions: 4,
  replicationFactor: null,
  retentionMs: {
    'packets.raw': 7 * DAY_MS,
    'packets.enriched': 7 * DAY_MS,
    'packets.rejected': 30 * DAY_MS,
    surges: 400 * DAY_MS
  }
}

/** Something that `check` found. */
export interface Finding {
  /** An error stops services at their start; a warning is a risk that an operator may take. */
  readonly severity: 'error' | 'warning'
  readonly what: string
  /** A topic, subject or address. */
  readonly where: string
  readonly why: string
  /** What to do, as one sentence. */
  readonly mend: string
  /** True where `apply` has mended it. */
  readonly isMended: boolean
}

/** One setting of a topic. */
export interface SettingRule {
  readonly name: string
  readonly severity: Finding['severity']
  readonly why: string
  /** What a new topic gets, and one that breaks the rule. */
  readonly wanted: string
  readonly isGood: (value: string) => boolean
}

/** A value may have 1 MiB, and there is a record and a batch around it. */
const LEAST_MESSAGE_BYTES = 1024 * 1024 + 64 * 1024
const WANTED_MESSAGE_BYTES = 2 * 1024 * 1024

const FIXED_RULES: readonly SettingRule[] = [
  {
    name: 'message.timestamp.type',
    severity: 'error',
    why: 'with CreateTime a sensor whose clock is ahead is refused for ever, and old captures are deleted at once',
    wanted: 'LogAppendTime',
    isGood: (value) => value === 'LogAppendTime'
  },
  {
    name: 'cleanup.policy',
    severity: 'error',
    why: 'compaction leaves holes in the offsets, and every batch counts',
    wanted: 'delete',
    isGood: (value) => value === 'delete'
  },
  {
    name: 'max.message.bytes',
    severity: 'error',
    why: 'a batch may have 1 MiB, and what cannot be written holds up its partition',
    wanted: String(WANTED_MESSAGE_BYTES),
    isGood: (value) => Number(value) >= LEAST_MESSAGE_BYTES
  },
  {
    name: 'unclean.leader.election.enable',
    severity: 'warning',
    why: 'a replica that lags may become the leader, and acknowledged batches are lost',
    wanted: 'false',
    isGood: (value) => value === 'false'
  }
]

/** Every rule for the settings of one topic. */
export function settingRules(
  topic: TopicName,
  replicationFactor: number,
  settings: TopicSettings
): SettingRule[] {
  const retentionMs = settings.retentionMs[topic]
  const rules = [
    ...FIXED_RULES,
    {
      name: 'retention.ms',
      severity: 'warning' as const,
      why: 'what is deleted before it is read is lost',
      wanted: String(retentionMs),
      // -1 is for ever. More than was asked for is never cut down.
      isGood: (value: string) => Number(value) === -1 || Number(value) >= retentionMs
    }
  ]
  if (replicationFactor >= 3) {
    rules.push({
      name: 'min.insync.replicas',
      severity: 'warning',
      why: 'with 1, a batch counts as safe while a single broker has it',
      wanted: '2',
      isGood: (value) => Number(value) >= 2
    })
  }
  return rules
}
