// What a store was made with, in one key. How counts are divided into slots never changes: they would be lost. What is
// kept, and for how long, is written by aggregators at their start; readers only read it.
import { addressOf, type RedisConnection } from './connection.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { SLOT_RULE } from '../../core/store/slot.ts'
import {
  changedSettings,
  newSettings,
  type StoreSettings,
  type WantedSettings
} from '../../core/store/store-settings.ts'
import type { Finding } from '../topics/topic-rules.ts'
import { runScript } from './scripts.ts'

/** Rises when the meaning of any key changes. */
const LAYOUT_VERSION = 4

/** A namespace as it is stored. */
export interface StoreLayout {
  readonly slots: number
  readonly settings: StoreSettings
}

/** What an aggregator wants of a namespace. */
export interface WantedLayout extends WantedSettings {
  /** A run that exists keeps its own number. */
  readonly slots: number
}

interface StoredLayout extends StoreLayout {
  readonly version: number
  readonly slotRule: string
}

/** Where a namespace's settings lie. */
export function settingsKey(namespace: string): string {
  return `${namespace}:settings`
}

/** Null where no aggregator made the namespace yet. Throws SP_STORE_LAYOUT where it was made by other rules. */
export async function readLayout(redis: RedisConnection, namespace: string): Promise<StoreLayout | null> {
  const text = await redis.get(settingsKey(namespace))
  return text === null ? null : parseLayout(redis, namespace, text)
}

/**
 * Makes the namespace, or writes what changed in what it keeps. Throws SP_STORE_LAYOUT, naming both, where its slots
 * are not those of a live service, or their rule is another.
 */
export async function settleLayout(
  redis: RedisConnection,
  namespace: string,
  wanted: WantedLayout
): Promise<StoreLayout> {
  for (;;) {
    const text = await redis.get(settingsKey(namespace))
    const nowSeconds = Number((await redis.time())[0])
    const layout =
      text === null
        ? { slots: wanted.slots, settings: newSettings(wanted) }
        : changedLayout(redis, namespace, parseLayout(redis, namespace, text), wanted, nowSeconds)
    const changed = formatLayout(layout)
    if (changed === text) return layout
    const isWritten = await runScript(redis, 'swap-settings', [settingsKey(namespace)], [text ?? '', changed])
    if (isWritten === 1) return layout
  }
}

function changedLayout(
  redis: RedisConnection,
  namespace: string,
  { slots, settings }: StoreLayout,
  wanted: WantedLayout,
  nowSeconds: number
): StoreLayout {
  const isRun = settings.retention === null
  if (isRun !== (wanted.retention === null)) {
    throw otherLayout(redis, namespace, isRun ? 'as a run' : 'as a live store', isRun ? 'live' : 'a run')
  }
  if (!isRun && slots !== wanted.slots) throw otherSlots(redis, namespace, slots, wanted.slots)
  return { slots, settings: changedSettings(settings, wanted, nowSeconds) }
}

/** What keeps an aggregator with these settings from working on a live namespace. */
export function layoutFindings(
  redis: RedisConnection,
  namespace: string,
  { slots }: StoreLayout,
  wanted: WantedLayout
): Finding[] {
  if (slots === wanted.slots) return []
  return [
    {
      severity: 'error',
      what: `was made with ${slots} slots, and STORMPETREL_SLOTS is ${wanted.slots}`,
      where: `${namespace} in redis ${addressOf(redis)}`,
      why: 'counts that lie in other slots would be lost, so aggregators do not start',
      mend: `Set STORMPETREL_SLOTS to ${slots}.`,
      isMended: false
    }
  ]
}

function otherSlots(
  redis: RedisConnection,
  namespace: string,
  stored: number,
  ours: number
): StormpetrelError {
  return otherLayout(redis, namespace, `with ${stored} slots`, `${ours} (STORMPETREL_SLOTS)`)
}

function parseLayout(redis: RedisConnection, namespace: string, text: string): StoreLayout {
  const { version, slotRule, slots, settings } = JSON.parse(text) as StoredLayout
  if (version !== LAYOUT_VERSION)
    throw otherLayout(redis, namespace, `by layout ${version}`, `layout ${LAYOUT_VERSION}`)
  if (slotRule !== SLOT_RULE) throw otherLayout(redis, namespace, `by slot rule ${slotRule}`, SLOT_RULE)
  return { slots, settings }
}

/** With its keys in one order: equal layouts have equal texts. */
function formatLayout({ slots, settings }: StoreLayout): string {
  const { retention, earlier, zones } = settings
  const stored: StoredLayout = {
    version: LAYOUT_VERSION,
    slots,
    slotRule: SLOT_RULE,
    settings: {
      retention: retention && {
        minuteHours: retention.minuteHours,
        hourDays: retention.hourDays,
        dayDays: retention.dayDays
      },
      earlier,
      zones
    }
  }
  return JSON.stringify(stored)
}

function otherLayout(
  redis: RedisConnection,
  namespace: string,
  stored: string,
  ours: string
): StormpetrelError {
  return new StormpetrelError(
    'SP_STORE_LAYOUT',
    `${namespace} in redis ${addressOf(redis)} was made ${stored}, this service has ${ours}; ` +
      'give it the same, or another namespace (STORMPETREL_TOPIC_PREFIX)'
  )
}
