// The names of all keys of one slot. They share the hash tag {sNN}, so one script call stays on one cluster node.
import type { VantageWindow } from '../../core/store/count-store.ts'
import type { Window } from '../../core/windows/window.ts'

/** What a window is called inside keys and sets. Zone names and sizes hold no `|`; the vantage comes last. */
export function windowMember(window: VantageWindow): string {
  return `${window.size}|${window.zone}|${window.startSeconds}|${window.vantage}`
}

/** The inverse of windowMember. */
export function parseWindowMember(member: string): VantageWindow {
  const [size, zone, start, ...vantage] = member.split('|')
  return {
    size: size as Window['size'],
    zone: zone!,
    startSeconds: Number(start),
    vantage: vantage.join('|')
  }
}

/** What all windows of one size, zone and vantage are called together. */
export function seriesMember(window: Omit<VantageWindow, 'startSeconds'>): string {
  return `${window.size}|${window.zone}|${window.vantage}`
}

/** Keys of one slot of one namespace. */
export interface SlotKeys {
  /** Hash: next offset by `topic|partition`, of counts and of sources. */
  readonly offsets: string
  readonly sourceOffsets: string
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
  /** Hash: by size, the window end at or before which sketches are closed. */
  readonly closing: string
  /** Hash: sources that came too late, by size. */
  readonly lateSources: string
  /** Sorted set: windows with open sketches, by their end. */
  readonly openSketches: string
  /**
   * Hash: `ranges` (core/fence/seen-ranges.ts), `end` as `number:frames`, `closed` as
   * `kind:from-to:frames:seconds,...`, `kernel` drops, and digests as `number:digest` by number modulo 1,000.
   */
  lane(laneKey: string): string
  /** String: how many calls of a writer this slot has answered. */
  writer(id: string): string
  /** Hash: packets by series. */
  counts(member: string): string
  /** Sorted set: window starts of one size, zone and vantage. */
  starts(member: string): string
  /** Hash: packets by `sensor|series`. */
  sensorHour(startSeconds: number): string
  /** Set: series of a window with an open sketch. */
  sketchSeries(member: string): string
  /** Hash: numbers of closed sketches by series. */
  closed(member: string): string
  /** HyperLogLog. */
  sketch(member: string, series: string): string
}

/** The keys of slot 0..slots-1 in a namespace such as `stormpetrel:live`. */
export function slotKeys(namespace: string, slot: number): SlotKeys {
  const prefix = `${namespace}:{s${String(slot).padStart(2, '0')}}:`
  return {
    offsets: `${prefix}offsets`,
    sourceOffsets: `${prefix}source-offsets`,
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
    openSketches: `${prefix}open-sketches`,
    lane: (laneKey) => `${prefix}lane|${laneKey}`,
    writer: (id) => `${prefix}writer|${id}`,
    counts: (member) => `${prefix}counts|${member}`,
    starts: (member) => `${prefix}starts|${member}`,
    sensorHour: (startSeconds) => `${prefix}sensor-hour|${startSeconds}`,
    sketchSeries: (member) => `${prefix}sketch-series|${member}`,
    closed: (member) => `${prefix}closed|${member}`,
    sketch: (member, series) => `${prefix}sketch|${member}|${series}`
  }
}
