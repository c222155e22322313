// What flushes append to goes to its windows: minutes of packets to minutes, hours and days of their vantages and to the
// hours of their sensors, quarters of sources to hours and days. A step that was answered or not may be done again.
import { PackedNumbersError } from '../../core/packed-numbers.ts'
import { registersIn, SourceTable } from '../../core/sources/source-log.ts'
import { endSeconds, keepUntilSeconds, keptSeconds, type Retention } from '../../core/store/retention.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import { QUARTER_SECONDS, windowsOfQuarter } from '../../core/windows/parts-of-windows.ts'
import { windowStartSeconds } from '../../core/windows/time-zone.ts'
import type { Window } from '../../core/windows/window.ts'
import { isLastingRefusal, type RedisConnection } from './connection.ts'
import { type LogKind, type LogRewriter, SETTLED_SECONDS } from './rewrite.ts'
import { runScript } from './scripts.ts'
import { severalAtOnce } from './several-at-once.ts'
import {
  parseMinuteMember,
  parseQuarterMember,
  parseSeriesMember,
  sensorHourMember,
  seriesMember,
  type SlotKeys,
  windowMember
} from './slot-keys.ts'
import { deflatedFrame, identityOf, mergeStored, newLogId, plainFrame } from './stored-log.ts'

const MINUTE_SECONDS = 60
/** A part that goes on is rolled early where it has more bytes. */
const EARLY_BYTES = 16 * 1024 * 1024
/** Logs that are rolled together at most, where they are of several minutes: Redis does nothing else meanwhile. */
const MOST_LOGS = 64
/** A part that is added to while it is read is read again so often; then it waits for the next time. */
const TRIES = 3

/** What rolling needs to know. */
export interface RollOptions {
  readonly redis: RedisConnection
  readonly zones: readonly string[]
  /** Null keeps everything (a run). */
  readonly retention: Retention | null
  readonly rewriter: LogRewriter
  /** Told of what cannot be read; the rest is rolled. */
  readonly onUnreadable: (key: string, error: unknown) => void
}

/** A list that a window is entered in. */
interface Entry {
  readonly list: string
  readonly member: string
  readonly score: number
}

/** Where a content goes. */
interface Target {
  readonly key: string
  /** Its size where it may be closed. */
  readonly closes: Window['size'] | ''
  readonly window: Pick<Window, 'size' | 'startSeconds'>
  /** Which of the roll's frames, from 1 on. */
  readonly content: number
  /** What is counted where it is closed. */
  readonly amount: number
  readonly entries: readonly Entry[]
}

/** What becomes of some open logs. */
interface Roll {
  readonly frames: readonly Buffer[]
  readonly targets: readonly Target[]
}

/** Rolls what is past in one slot, and what has grown large. */
export async function rollSlot(options: RollOptions, keys: SlotKeys, pastSeconds: number): Promise<void> {
  await rollMinutes(options, keys, pastSeconds)
  await rollQuarters(options, keys, pastSeconds)
}

async function rollMinutes(options: RollOptions, keys: SlotKeys, pastSeconds: number): Promise<void> {
  // Sensors of one list of vantages go together, with the minutes of a quarter: those have their hour and days in common.
  const groups = new Map<string, Map<number, string[]>>()
  for (const member of await options.redis.zrange(keys.minutes, '0', '-1')) {
    const { startSeconds, vantages } = parseMinuteMember(member)
    const isPast = startSeconds + MINUTE_SECONDS <= pastSeconds
    if (!isPast && (await options.redis.strlen(keys.minute(member))) < EARLY_BYTES) continue
    const quarter = Math.floor(startSeconds / QUARTER_SECONDS)
    const group = `${quarter}|${JSON.stringify(vantages)}`
    const minutes = groups.get(group) ?? new Map<number, string[]>()
    groups.set(group, minutes)
    const others = minutes.get(startSeconds)
    if (others === undefined) minutes.set(startSeconds, [member])
    else others.push(member)
  }
  const settledSeconds = pastSeconds - SETTLED_SECONDS
  const roll = (members: readonly string[], isLastTry: boolean): Promise<boolean> =>
    rollUntilDone(options, keys, {
      isTold: isLastTry,
      list: keys.minutes,
      opens: members.map((member) => ({ key: keys.minute(member), member })),
      kind: 'counts',
      rollOf: (logs) => minutesRoll(options, keys, members, logs, settledSeconds)
    })
  const parts = [...groups.values()].flatMap((minutes) => joinedParts(minutes.values()))
  await severalAtOnce(parts, async (minutes) => {
    if (await roll(minutes.flat(), minutes.length === 1)) return
    // One that cannot be read holds up its own minute only.
    if (minutes.length > 1) for (const each of minutes) await roll(each, true)
  })
}

/** Minutes joined to parts of at most MOST_LOGS, or of one minute. */
function joinedParts(minutes: Iterable<string[]>): string[][][] {
  const parts: string[][][] = []
  let logs = 0
  for (const minute of minutes) {
    const last = parts.at(-1)
    if (last !== undefined && logs + minute.length <= MOST_LOGS) {
      last.push(minute)
      logs += minute.length
    } else {
      parts.push([minute])
      logs = minute.length
    }
  }
  return parts
}

/**
 * What minutes of one quarter go to: each minute's window, the hour and the days of all, and an hour of each sensor. A minute
 * that is long over is deflated at once.
 */
function minutesRoll(
  { zones }: RollOptions,
  keys: SlotKeys,
  members: readonly string[],
  logs: readonly Buffer[],
  settledSeconds: number
): Roll {
  const { startSeconds, vantages } = parseMinuteMember(members[0]!)
  const all = new CountTable()
  const byMinute = new Map<number, CountTable>()
  const bySensor = new Map<string, CountTable>()
  for (const [index, member] of members.entries()) {
    const minute = parseMinuteMember(member)
    for (const table of [all, tableOf(byMinute, minute.startSeconds), tableOf(bySensor, minute.sensor)])
      mergeStored(logs[index]!, table)
  }
  const frames: Buffer[] = []
  const targets: Target[] = []
  const put = (frame: Buffer, windows: readonly Omit<Target, 'content' | 'amount' | 'closes'>[]): void => {
    frames.push(frame)
    for (const window of windows) targets.push({ ...window, content: frames.length, amount: 0, closes: '' })
  }
  for (const [minuteSeconds, table] of byMinute) {
    const window: Window = { size: 'minute', zone: 'UTC', startSeconds: minuteSeconds }
    const isSettled = endSeconds(window) <= settledSeconds
    const frame = isSettled ? deflatedFrame(table.toLog()) : plainFrame(table.toLog())
    put(frame, [countsTarget(keys, window, vantages, isSettled)])
  }
  put(
    plainFrame(all.toLog()),
    windowsOfQuarter(startSeconds, zones).map((window) => countsTarget(keys, window, vantages, false))
  )
  const hourStart = windowStartSeconds('hour', 'UTC', startSeconds)
  const hour = { size: 'hour' as const, zone: 'UTC', startSeconds: hourStart }
  for (const [sensor, table] of bySensor) {
    const member = sensorHourMember(hourStart, sensor)
    const entries = [{ list: keys.untrimmedHours, member, score: hourStart }]
    put(plainFrame(table.toLog()), [{ key: keys.sensorHour(member), window: hour, entries }])
  }
  return { frames, targets }
}

function tableOf<K>(tables: Map<K, CountTable>, key: K): CountTable {
  let table = tables.get(key)
  if (table === undefined) {
    table = new CountTable()
    tables.set(key, table)
  }
  return table
}

/** A window of packets, and the lists that it is entered in; one that is settled waits for no deflating. */
function countsTarget(
  keys: SlotKeys,
  window: Window,
  vantages: readonly string[],
  isSettled: boolean
): Omit<Target, 'content' | 'amount' | 'closes'> {
  const member = windowMember(window, vantages)
  const series = seriesMember(window, vantages)
  const entries = [
    { list: keys.starts(series), member: String(window.startSeconds), score: window.startSeconds },
    { list: keys.series, member: series, score: window.startSeconds }
  ]
  if (!isSettled)
    entries.push({ list: keys.unwritten, member: `counts|${member}`, score: endSeconds(window) })
  return { key: keys.counts(member), window, entries }
}

async function rollQuarters(options: RollOptions, keys: SlotKeys, pastSeconds: number): Promise<void> {
  await severalAtOnce(await options.redis.zrange(keys.quarters, '0', '-1'), async (member) => {
    const isPast = parseQuarterMember(member).startSeconds + QUARTER_SECONDS <= pastSeconds
    if (!isPast && (await options.redis.strlen(keys.quarter(member))) < EARLY_BYTES) return
    const isRolled = await rollUntilDone(options, keys, {
      isTold: true,
      list: keys.quarters,
      opens: [{ key: keys.quarter(member), member }],
      kind: 'sources',
      rollOf: ([log]) => quarterRoll(options, keys, member, log!)
    })
    // Closing waits for quarters, and would wait for one of these for ever.
    if (isRolled) await options.redis.zrem(keys.unreadableQuarters, member)
    else await options.redis.zadd(keys.unreadableQuarters, parseQuarterMember(member).startSeconds, member)
  })
}

function quarterRoll({ zones }: RollOptions, keys: SlotKeys, member: string, log: Buffer): Roll {
  const { startSeconds, vantages } = parseQuarterMember(member)
  const table = new SourceTable()
  mergeStored(log, table)
  const content = table.toLog()
  const amount = registersIn(content)
  const targets = windowsOfQuarter(startSeconds, zones).map((window): Target => {
    const name = windowMember(window, vantages)
    const entries = [
      { list: keys.sourceWindows, member: name, score: endSeconds(window) },
      { list: keys.unwritten, member: `sources|${name}`, score: endSeconds(window) }
    ]
    return { key: keys.sources(name), closes: window.size, window, content: 1, amount, entries }
  })
  return { frames: [plainFrame(content)], targets }
}

/** Logs that are rolled together, and the list that says that they wait. */
interface OpenLogs {
  /** Whether it is told where they cannot be read. */
  readonly isTold: boolean
  readonly list: string
  readonly opens: readonly { readonly key: string; readonly member: string }[]
  /** Their windows' kind of log. */
  readonly kind: LogKind
  readonly rollOf: (logs: readonly Buffer[]) => Roll
}

/** False where they cannot be read, or their windows would refuse them again: they wait. */
async function rollUntilDone(options: RollOptions, keys: SlotKeys, open: OpenLogs): Promise<boolean> {
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const logs = await options.redis.mgetBuffer(open.opens.map(({ key }) => key))
      if (!logs.every((log) => log !== null)) {
        await refuseMissing(options.redis, open, logs)
        // Another one has rolled some of them. Whoever began one anew since then has listed it anew too.
        return true
      }
      const roll = open.rollOf(logs)
      const lengths = await applyRoll(options, keys, open, logs, roll)
      if (lengths === null) continue
      for (const [index, { key }] of roll.targets.entries())
        await options.rewriter.hasGrown({ key, kind: open.kind }, lengths[index]!)
      return true
    }
    return true
  } catch (error) {
    if (!(error instanceof PackedNumbersError) && !isLastingRefusal(error)) throw error
    if (open.isTold) options.onUnreadable(open.opens.map(({ key }) => key).join(', '), error)
    return false
  }
}

/**
 * A log and its place in the list come and go in one step. Throws PackedNumbersError where one is listed and not there,
 * twice: it was taken away by someone else, or is of another type.
 */
async function refuseMissing(
  redis: RedisConnection,
  { list, opens }: OpenLogs,
  logs: readonly (Buffer | null)[]
): Promise<void> {
  for (const [index, { key, member }] of opens.entries()) {
    if (logs[index] !== null || (await redis.zscore(list, member)) === null) continue
    const [again] = await redis.mgetBuffer([key])
    if (again === null) throw new PackedNumbersError(`${key} is listed, and no log`)
  }
}

/** The bytes of each target's log; null where an open log has changed. */
async function applyRoll(
  { redis, retention }: RollOptions,
  keys: SlotKeys,
  { list, opens }: OpenLogs,
  logs: readonly Buffer[],
  { frames, targets }: Roll
): Promise<number[] | null> {
  const answer = await runScript(
    redis,
    'roll-logs',
    [
      list,
      keys.closing,
      keys.lateSources,
      ...opens.map(({ key }) => key),
      ...targets.flatMap(({ key, entries }) => [key, ...entries.map((entry) => entry.list)])
    ],
    [
      opens.length,
      frames.length,
      targets.length,
      newLogId(),
      ...opens.flatMap(({ member }, index) => {
        const { sizeBytes, id } = identityOf(logs[index]!)
        return [member, sizeBytes, id]
      }),
      ...frames,
      ...targets.flatMap(({ closes, window, content, amount, entries }) => [
        closes,
        endSeconds(window),
        keepUntilSeconds(window, retention),
        content,
        amount,
        entries.length,
        ...entries.flatMap(({ member, score }) => [member, score])
      ])
    ]
  )
  return answer === 'changed' ? null : (answer as (string | number)[]).slice(1).map(Number)
}

/** Takes windows that are forgotten off the lists of starts, and lists without any off the list of lists. */
export async function forgetStarts(
  redis: RedisConnection,
  keys: SlotKeys,
  retention: Retention,
  nowSeconds: number
): Promise<void> {
  for (const member of await redis.zrange(keys.series, '0', '-1')) {
    const { series } = parseSeriesMember(member)
    const forgotten = nowSeconds - keptSeconds(series.size, retention)
    const lengthSeconds = endSeconds({ ...series, startSeconds: 0 })
    await runScript(
      redis,
      'forget-starts',
      [keys.starts(member), keys.series],
      [member, forgotten - lengthSeconds]
    )
  }
}
