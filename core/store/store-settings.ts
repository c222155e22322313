// What a store keeps, and since when. A live store's retention and zones may change while it holds counts; what was
// written before the change is then kept by the old rule, and nobody may take the part that is left for the whole.
import { dayEndSeconds } from '../windows/time-zone.ts'
import type { Window, WindowSize } from '../windows/window.ts'
import { endSeconds, keptSeconds, type Retention, windowLengthSeconds } from './retention.ts'

/** Windows of a size that end at or before `untilSeconds` may have been written when they were kept for less time. */
export interface EarlierRetention {
  readonly size: WindowSize
  readonly keptSeconds: number
  readonly untilSeconds: number
}

/** What a store keeps. */
export interface StoreSettings {
  /** Null keeps everything (a run). */
  readonly retention: Retention | null
  /** Shorter retentions of before, in the order of their ends. */
  readonly earlier: readonly EarlierRetention[]
  /**
   * Time zones whose days are kept besides UTC's, each with the start of its first whole day; 0 where there is no such.
   */
  readonly zones: Readonly<Record<string, number>>
}

/** What a service wants to be kept. */
export interface WantedSettings {
  readonly retention: Retention | null
  /** IANA names; UTC is always kept. */
  readonly dayZones: readonly string[]
}

/**
 * A change takes hold of windows that begin this much later: packets may be two hours ahead of their arrival (the clock
 * rule), and another aggregator may count by the old settings for some minutes more.
 */
const CHANGE_SLACK_SECONDS = 3 * 3600

const SIZES: readonly WindowSize[] = ['minute', 'hour', 'day']

/** The settings of a store that is made now: whatever will come is kept. */
export function newSettings({ retention, dayZones }: WantedSettings): StoreSettings {
  return { retention, earlier: [], zones: Object.fromEntries(besidesUtc(dayZones).map((zone) => [zone, 0])) }
}

/** A live store's settings after a change; a run keeps those that it was made with. Equal where nothing changes. */
export function changedSettings(
  stored: StoreSettings,
  { retention, dayZones }: WantedSettings,
  nowSeconds: number
): StoreSettings {
  if (stored.retention === null || retention === null) return stored
  const firstDayOf = (zone: string): number =>
    stored.zones[zone] ?? dayEndSeconds(zone, nowSeconds + CHANGE_SLACK_SECONDS)
  return {
    retention,
    earlier: SIZES.flatMap((size) => earlierOf(size, stored, retention, nowSeconds)),
    zones: Object.fromEntries(besidesUtc(dayZones).map((zone) => [zone, firstDayOf(zone)]))
  }
}

/** One that is not shorter than what follows it says nothing, and neither does one whose windows are all forgotten. */
function earlierOf(
  size: WindowSize,
  { retention, earlier }: StoreSettings,
  wanted: Retention,
  nowSeconds: number
): EarlierRetention[] {
  const untilSeconds = nowSeconds + windowLengthSeconds(size) + CHANGE_SLACK_SECONDS
  const kept = keptSeconds(size, wanted)
  return [
    ...earlier.filter((one) => one.size === size),
    { size, keptSeconds: keptSeconds(size, retention), untilSeconds }
  ].filter((one) => one.keptSeconds < kept && one.untilSeconds > nowSeconds - kept)
}

/** Windows of a size that end at or before this are forgotten, in whole or in part. */
export function forgottenUpToSeconds(
  size: WindowSize,
  { retention, earlier }: StoreSettings,
  nowSeconds: number
): number {
  if (retention === null) return Number.NEGATIVE_INFINITY
  let upTo = nowSeconds - keptSeconds(size, retention)
  for (const one of earlier) {
    if (one.size === size) upTo = Math.max(upTo, Math.min(nowSeconds - one.keptSeconds, one.untilSeconds))
  }
  return upTo
}

/** The start of the first day of a zone that was counted from its begin; minus infinity where every day was. */
export function zoneSinceSeconds(zone: string, { zones }: StoreSettings): number {
  return zones[zone] || Number.NEGATIVE_INFINITY
}

/** False for a window of which the store may hold only a part, or nothing any more. */
export function isKept(window: Window, settings: StoreSettings, nowSeconds: number): boolean {
  if (window.size === 'day' && window.startSeconds < zoneSinceSeconds(window.zone, settings)) return false
  return endSeconds(window) > forgottenUpToSeconds(window.size, settings, nowSeconds)
}

/** False for a window that no reader would be shown: of a zone that is not counted, or as above. */
export function isWanted(window: Window, settings: StoreSettings, nowSeconds: number): boolean {
  const isOfZone = window.size !== 'day' || zonesKept(settings).includes(window.zone)
  return isOfZone && isKept(window, settings, nowSeconds)
}

/** The time zones whose days are kept, UTC first. */
export function zonesKept({ zones }: StoreSettings): string[] {
  return ['UTC', ...Object.keys(zones)]
}

/** Whether an aggregator that counts by one can go on where the other holds. */
export function isCountedAlike(one: StoreSettings, other: StoreSettings): boolean {
  const [keptByOne, keptByOther] = [one, other].map((settings) =>
    JSON.stringify([zonesKept(settings), SIZES.map((size) => keptSeconds(size, settings.retention))])
  )
  return keptByOne === keptByOther
}

/** Sorted, so that equal settings have equal texts. */
function besidesUtc(zones: readonly string[]): string[] {
  return zones.filter((zone) => zone !== 'UTC').sort()
}
