// What a store was made with. It never changes: counts that lie in other slots, or days of other zones, would be lost.
import type { Redis } from 'ioredis'
import { StormpetrelError } from '../../core/errors.ts'
import type { Retention } from '../../core/store/retention.ts'
import { SLOT_RULE } from '../../core/store/slot.ts'

/** Rises when the meaning of any key changes. */
const LAYOUT_VERSION = 1

/** What a namespace is made with and keeps for life. */
export interface LayoutSettings {
  readonly slots: number
  /** IANA names of the time zones whose days are counted besides UTC's. */
  readonly dayZones: readonly string[]
  /** Null keeps everything (a run). */
  readonly retention: Retention | null
}

/** Where a namespace's settings lie. */
export function settingsKey(namespace: string): string {
  return `${namespace}:settings`
}

/** Writes the settings where there are none, else compares. Throws SP_STORE_LAYOUT, naming both, where they differ. */
export async function settleLayout(redis: Redis, namespace: string, settings: LayoutSettings): Promise<void> {
  const ours = JSON.stringify(layoutOf(settings))
  await redis.set(settingsKey(namespace), ours, 'NX')
  const stored = await redis.get(settingsKey(namespace))
  if (stored === ours) return
  throw new StormpetrelError(
    'SP_STORE_LAYOUT',
    `${namespace} in redis ${redis.options.host}:${redis.options.port} was made with ${stored}, ` +
      `this service has ${ours}; give it the same settings, or another namespace`
  )
}

function layoutOf({ slots, dayZones, retention }: LayoutSettings): object {
  return {
    version: LAYOUT_VERSION,
    slots,
    slotRule: SLOT_RULE,
    dayZones: [...dayZones].sort(),
    retention: retention && {
      minuteHours: retention.minuteHours,
      hourDays: retention.hourDays,
      dayDays: retention.dayDays
    }
  }
}
