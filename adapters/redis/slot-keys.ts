// The names of all keys of one slot. They share the hash tag {sNN}, so one script call stays on one cluster node.
import type { VantageWindow } from '../../core/store/count-store.ts'
import type { Window } from '../../core/windows/window.ts'

/** What the windows of one size and zone are called together. Zone names and sizes hold no `|`. */
export type WindowSeries = Pick<Window, 'size' | 'zone'>

/** What a window of one vantage is called inside keys: the vantage comes last. */
export function vantageMember({ size, zone, startSeconds, vantage }: VantageWindow): string {
  return `${size}|${zone}|${startSeconds}|${vantage}`
}

/** What a window is called as sensors of the same vantages saw it. */
export function windowMember({ size, zone, startSeconds }: Window, vantages: readonly string[]): string {
  return `${size}|${zone}|${startSeconds}|${JSON.stringify(vantages)}`
}

/** The inverse of windowMember. */
export function parseWindowMember(member: string): { window: Window; vantages: readonly string[] } {
  const [size, zone, start, ...vantages] = member.split('|')
  const window = { size: size as Window['size'], zone: zone!, startSeconds: Number(start) }
  return { window, vantages: JSON.parse(vantages.join('|')) as string[] }
}

/** What all windows of one size and zone are called together, likewise. */
export function seriesMember({ size, zone }: WindowSeries, vantages: readonly string[]): string {
  return `${size}|${zone}|${JSON.stringify(vantages)}`
}

/** The inverse of seriesMember. */
export function parseSeriesMember(member: string): { series: WindowSeries; vantages: readonly string[] } {
  const [size, zone, ...vantages] = member.split('|')
  const series = { size: size as Window['size'], zone: zone! }
  return { series, vantages: JSON.parse(vantages.join('|')) as string[] }
}

/** A quarter of an hour, or a minute of one sensor. */
export interface OpenPart {
  readonly startSeconds: number
  readonly vantages: readonly string[]
}

/** What the sources of a quarter of an hour are called that sensors of the same vantages saw. */
export function quarterMember({ startSeconds, vantages }: OpenPart): string {
  return `${startSeconds}|${JSON.stringify(vantages)}`
}

/** The inverse of quarterMember. */
export function parseQuarterMember(member: string): OpenPart {
  const [startSeconds, json] = splitAtBar(member)
  return { startSeconds: Number(startSeconds), vantages: JSON.parse(json) as string[] }
}

/** What the packets of a minute at one sensor are called. */
export function minuteMember({ startSeconds, vantages, sensor }: OpenPart & { sensor: string }): string {
  return `${startSeconds}|${sensor}|${JSON.stringify(vantages)}`
}

/** The inverse of minuteMember; sensor ids hold no `|`. */
export function parseMinuteMember(member: string): OpenPart & { readonly sensor: string } {
  const [startSeconds, rest] = splitAtBar(member)
  const [sensor, json] = splitAtBar(rest)
  return { startSeconds: Number(startSeconds), sensor, vantages: JSON.parse(json) as string[] }
}

/** What the packets of an hour at one sensor are called. */
export function sensorHourMember(startSeconds: number, sensor: string): string {
  return `${startSeconds}|${sensor}`
}

/** The inverse of sensorHourMember. */
export function parseSensorHourMember(member: string): { startSeconds: number; sensor: string } {
  const [startSeconds, sensor] = splitAtBar(member)
  return { startSeconds: Number(startSeconds), sensor }
}

/** Before and after the first `|`; sensor ids hold none. */
export function splitAtBar(text: string): [string, string] {
  const bar = text.indexOf('|')
  return [text.slice(0, bar), text.slice(bar + 1)]
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
  /** Sorted set: sensors' minutes whose packets wait to be put to their windows, by their start. */
  readonly minutes: string
  /** Sorted set: seriesMember by the newest window start. */
  readonly series: string
  /** Sorted set: windows whose logs may be shorter, as kind and member, by their end. */
  readonly unwritten: string
  /** Sorted set: sensors' hours that were added to since they were last trimmed, by their start. */
  readonly untrimmedHours: string
  /** Sorted set, in slot 0 only: up to which start hours may be trimmed, as the score of its one member. */
  readonly trimmedHours: string
  /** Hash: by size, the window end at or before which sources are closed. */
  readonly closing: string
  /** Hash: sources that came too late, by size. */
  readonly lateSources: string
  /** Sorted set: quarters of an hour whose sources wait to be put to their hours and days, by their start. */
  readonly quarters: string
  /** Sorted set: those of them that could not be read, or not be put there. */
  readonly unreadableQuarters: string
  /** Sorted set: windows with sources, by their end. */
  readonly sourceWindows: string
  /**
   * Hash: `ranges` (core/fence/seen-ranges.ts), `end` as `number:frames`, `closed` as
   * `kind:from-to:frames:seconds,...`, `kernel` drops, and digests as `number:digest` by number modulo 1,000.
   */
  lane(laneKey: string): string
  /** String: a log (stored-log.ts) of packets (core/windows/count-table.ts). */
  minute(member: string): string
  /** String: the same of a window, and of the vantages of its sensors. */
  counts(member: string): string
  /** String: the same of an hour at one sensor. */
  sensorHour(member: string): string
  /** Sorted set: the starts of all windows of a seriesMember that were put there. */
  starts(member: string): string
  /** String: a log of sources (core/sources/source-log.ts). */
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
    minutes: `${prefix}minutes`,
    series: `${prefix}series`,
    unwritten: `${prefix}unwritten`,
    untrimmedHours: `${prefix}untrimmed-hours`,
    trimmedHours: `${prefix}trimmed-hours`,
    closing: `${prefix}closing`,
    lateSources: `${prefix}late-sources`,
    quarters: `${prefix}quarters`,
    unreadableQuarters: `${prefix}unreadable-quarters`,
    sourceWindows: `${prefix}source-windows`,
    lane: (laneKey) => `${prefix}lane|${laneKey}`,
    minute: (member) => `${prefix}minute|${member}`,
    counts: (member) => `${prefix}counts|${member}`,
    sensorHour: (member) => `${prefix}sensor-hour|${member}`,
    starts: (member) => `${prefix}starts|${member}`,
    quarter: (member) => `${prefix}quarter|${member}`,
    sources: (member) => `${prefix}sources|${member}`,
    sourceNumbers: (member) => `${prefix}source-numbers|${member}`
  }
}
