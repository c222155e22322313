// The names of all keys of one slot. They share the hash tag {sNN}, so one script call stays on one cluster node.
import type { VantageWindow } from '../../core/store/count-store.ts'
import type { Window } from '../../core/windows/window.ts'

/** What a window is called inside keys and sets. Zone names and sizes hold no `|`; the vantage comes last. */
export function windowMember(window: VantageWindow): string {
  return `${window.size}|${window.zone}|${window.startSeconds}|${window.vantage}`
}

/** The inverse of windowMember. */
function parseWindowMember(member: string): VantageWindow {
  const [size, zone, start, ...vantage] = member.split('|')
  return {
    size: size as Window['size'],
    zone: zone!,
    startSeconds: Number(start),
    vantage: vantage.join('|')
  }
}

/** What the sources of a window are called that sensors of the same vantages saw. */
export function sourcesMember(window: Window, vantages: readonly string[]): string {
  return `${window.size}|${window.zone}|${window.startSeconds}|${JSON.stringify(vantages)}`
}

/** The inverse of sourcesMember. */
export function parseSourcesMember(member: string): { window: Window; vantages: readonly string[] } {
  const { vantage, ...window } = parseWindowMember(member)
  return { window, vantages: JSON.parse(vantage) as string[] }
}

/** What the sources of a quarter of an hour are called, likewise. */
export function quarterMember(quarterSeconds: number, vantages: readonly string[]): string {
  return `${quarterSeconds}|${JSON.stringify(vantages)}`
}

/** The inverse of quarterMember. */
export function parseQuarterMember(member: string): { quarterSeconds: number; vantages: readonly string[] } {
  const bar = member.indexOf('|')
  return {
    quarterSeconds: Number(member.slice(0, bar)),
    vantages: JSON.parse(member.slice(bar + 1)) as string[]
  }
}

/** What all windows of one size, zone and vantage are called together. */
export function seriesMember(window: Omit<VantageWindow, 'startSeconds'>): string {
  return `${window.size}|${window.zone}|${window.vantage}`
}

/** Keys of one slot of one namespace. */
export interface SlotKeys {
  /** Hash: next offset by `topic|partition`. */
  readonly offsets: string
  /** Hash: newest packet time by sensor, in seconds. */
  readonly watermarks: string
  /**
   * Hash: `sensor|captured`, `sensor|counted`, `sensor|rejected|reason`, `sensor|dropped`, `sensor|lost`, `sensor|gap`,
   * `sensor|kernel`, `expired:size`.
   */
  readonly totals: string
  /** Hash: `started closed` by sensor, in milliseconds: the newest life of each sensor on a live interface. */
  readonly lives: string
  /** Sorted set: `sensor|from|to` in milliseconds, by `to`: when no process of the sensor was listening. */
  readonly unobserved: string
  /** Hash: `to` by `topic|partition|from`: offsets whose records Kafka deleted before they were counted. */
  readonly lostRecords: string
  /** Sorted set: lane keys by the time of their last batch. */
  readonly lanes: string
  /** Sorted set: `size|zone|vantage` by the newest window start. */
  readonly series: string
  /** Sorted set: hours whose sensors are not trimmed since they changed. */
  readonly untrimmedHours: string
  /** Sorted set, in slot 0 only: up to which start hours may be trimmed, as the score of its one member. */
  readonly trimmedHours: string
  /** Hash: by size, the window end at or before which sources are closed. */
  readonly closing: string
  /** Hash: sources that came too late, by size. */
  readonly lateSources: string
  /** Sorted set: quarters of an hour whose sources wait to be put to their hours and days, by their start. */
  readonly quarters: string
  /** Sorted set: windows with sources, by their end. */
  readonly sourceWindows: string
  /**
   * Hash: `ranges` (core/fence/seen-ranges.ts), `end` as `number:frames`, `closed` as
   * `kind:from-to:frames:seconds,...`, `kernel` drops, and digests as `number:digest` by number modulo 1,000.
   */
  lane(laneKey: string): string
  /** Hash: packets by series. */
  counts(member: string): string
  /** Sorted set: window starts of one size, zone and vantage. */
  starts(member: string): string
  /** Hash: packets by `sensor|series`. */
  sensorHour(startSeconds: number): string
  /** String: an id of 8 bytes, then logs of sources (core/sources/source-log.ts). */
  quarter(member: string): string
  /** String: the same of a window. */
  sources(member: string): string
  /** String: unique sources of a closed window (core/sources/source-numbers.ts); by window and vantage. */
  sourceNumbers(member: string): string
}

/** The keys of slot 0..slots-1 in a namespace such as `stormpetrel:live`. */
export function slotKeys(namespace: string, slot: number): SlotKeys {
  const prefix = `${namespace}:{s${String(slot).padStart(2, '0')}}:`
  return {
    offsets: `${prefix}offsets`,
    watermarks: `${prefix}watermarks`,
    totals: `${prefix}totals`,
    lives: `${prefix}lives`,
    unobserved: `${prefix}unobserved`,
    lostRecords: `${prefix}lost-records`,
    lanes: `${prefix}lanes`,
    series: `${prefix}series`,
    untrimmedHours: `${prefix}untrimmed-hours`,
    trimmedHours: `${prefix}trimmed-hours`,
    closing: `${prefix}closing`,
    lateSources: `${prefix}late-sources`,
    quarters: `${prefix}quarters`,
    sourceWindows: `${prefix}source-windows`,
    lane: (laneKey) => `${prefix}lane|${laneKey}`,
    counts: (member) => `${prefix}counts|${member}`,
    starts: (member) => `${prefix}starts|${member}`,
    sensorHour: (startSeconds) => `${prefix}sensor-hour|${startSeconds}`,
    quarter: (member) => `${prefix}quarter|${member}`,
    sources: (member) => `${prefix}sources|${member}`,
    sourceNumbers: (member) => `${prefix}source-numbers|${member}`
  }
}
