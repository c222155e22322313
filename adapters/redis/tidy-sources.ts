// What keeps the sources of a live store small: past quarters go to their hours and days, logs are rewritten when much of
// them is said twice, and windows far enough behind become numbers. Every step may be done twice, or by two at once.
import { randomBytes } from 'node:crypto'
import { encodeSourceNumbers } from '../../core/sources/source-numbers.ts'
import { registersIn, SourceTable } from '../../core/sources/source-log.ts'
import {
  closedBeforeSeconds,
  endSeconds,
  keepUntilSeconds,
  type Retention
} from '../../core/store/retention.ts'
import { slotOf } from '../../core/store/slot.ts'
import { QUARTER_SECONDS, windowsOfQuarter } from '../../core/windows/quarter.ts'
import type { Window, WindowSize } from '../../core/windows/window.ts'
import type { RedisConnection } from './connection.ts'
import { runScript } from './scripts.ts'
import {
  parseQuarterMember,
  parseSourcesMember,
  type SlotKeys,
  sourcesMember,
  windowMember
} from './slot-keys.ts'

/** Bytes in front of every log that tell it from the one that was there before: a log that is replaced has others. */
export const ID_BYTES = 8

/** A quarter that goes on is put to its windows early where it has more bytes. */
const EARLY_BYTES = 4 * 1024 * 1024
/** A log is rewritten when it has this many more bytes than twice what it had when it was rewritten last. */
const SLACK_BYTES = 64 * 1024
/**
 * Logs are kept for this time behind the watermark, and never deleted in the round that wrote their numbers: a store that
 * lost its newest numbers still has what they were made of.
 */
const LOGS_KEPT_SECONDS = 3600

/** A quarter that sources come for while it is read is read again so often. */
const ROLL_TRIES = 3

const CLOSED_SIZES: readonly WindowSize[] = ['hour', 'day']

/** What is tidied. */
export interface TidyOptions {
  readonly redis: RedisConnection
  readonly slots: readonly SlotKeys[]
  readonly zones: readonly string[]
  readonly retention: Retention
  /** Bytes that logs had when they were rewritten last, by key; kept by the caller from one time to the next. */
  readonly rewrittenBytes: Map<string, number>
}

/** An id for a log that begins. */
export function newLogId(): Buffer {
  return randomBytes(ID_BYTES)
}

/** Does everything that is due. */
export async function tidySources(options: TidyOptions, watermarkSeconds: number): Promise<void> {
  const { slots } = options
  const nowSeconds = Number((await options.redis.time())[0])
  // Rolling is never too early: one silent sensor, which holds back the watermark, holds back nothing here.
  const pastSeconds = Math.max(watermarkSeconds, nowSeconds - QUARTER_SECONDS)
  for (const keys of slots) {
    await rollQuarters(options, keys, pastSeconds)
    await rewriteLogs(options, keys)
  }
  const due = new Map<string, SlotMember[]>()
  for (const keys of slots) {
    const marked = await markClosing(options.redis, keys, watermarkSeconds)
    // What waits in a quarter would come late to a window that is closed now.
    if (marked === 'unrolled') return
    for (const member of marked) {
      const { window } = parseSourcesMember(member)
      if (endSeconds(window) > closedBeforeSeconds(window.size, watermarkSeconds)) continue
      const name = windowMember({ ...window, vantage: '' })
      due.set(name, [...(due.get(name) ?? []), { keys, member }])
    }
  }
  for (const members of due.values()) await closeWindow(options, members, watermarkSeconds)
}

interface SlotMember {
  readonly keys: SlotKeys
  readonly member: string
}

async function rollQuarters(options: TidyOptions, keys: SlotKeys, pastSeconds: number): Promise<void> {
  const { redis } = options
  for (const member of await redis.zrange(keys.quarters, '0', '-1')) {
    const isPast = parseQuarterMember(member).quarterSeconds + QUARTER_SECONDS <= pastSeconds
    if (!isPast && (await redis.strlen(keys.quarter(member))) < EARLY_BYTES) continue
    await rollQuarter(options, keys, member)
  }
}

/** A quarter that changes meanwhile, again and again, waits for the next time. */
async function rollQuarter(options: TidyOptions, keys: SlotKeys, member: string): Promise<void> {
  for (let tries = 0; tries < ROLL_TRIES; tries++) if (await tryToRoll(options, keys, member)) return
}

async function tryToRoll(options: TidyOptions, keys: SlotKeys, member: string): Promise<boolean> {
  const { redis, zones, retention } = options
  const { quarterSeconds, vantages } = parseQuarterMember(member)
  const stored = await redis.getBuffer(keys.quarter(member))
  // Another one has rolled it. Whoever began it anew since then has listed it anew too.
  if (stored === null) return true
  const table = new SourceTable()
  table.merge(stored, ID_BYTES)
  const log = table.toLog()
  const windows = windowsOfQuarter(quarterSeconds, zones).map((window) => ({
    window,
    member: sourcesMember(window, vantages)
  }))
  const answer = await runScript(
    redis,
    'roll-sources',
    [
      keys.quarters,
      keys.quarter(member),
      keys.closing,
      keys.lateSources,
      keys.sourceWindows,
      ...windows.map((each) => keys.sources(each.member))
    ],
    [
      stored.length,
      stored.subarray(0, ID_BYTES),
      member,
      newLogId(),
      Buffer.from(log),
      registersIn(log),
      ...windows.flatMap((each) => [
        each.window.size,
        each.member,
        endSeconds(each.window),
        keepUntilSeconds(each.window, retention)
      ])
    ]
  )
  return answer === 'rolled'
}

async function rewriteLogs({ redis, rewrittenBytes }: TidyOptions, keys: SlotKeys): Promise<void> {
  for (const member of await redis.zrange(keys.sourceWindows, '0', '-1')) {
    const key = keys.sources(member)
    const limit = 2 * (rewrittenBytes.get(key) ?? 0) + SLACK_BYTES
    if ((await redis.strlen(key)) <= limit) continue
    const stored = await redis.getBuffer(key)
    if (stored === null) continue
    const table = new SourceTable()
    table.merge(stored, ID_BYTES)
    const shorter = Buffer.concat([newLogId(), table.toLog()])
    const id = stored.subarray(0, ID_BYTES)
    const isReplaced = await runScript(redis, 'replace-sources', [key], [stored.length, id, shorter])
    if (isReplaced === 1) rewrittenBytes.set(key, shorter.length)
  }
}

async function markClosing(
  redis: RedisConnection,
  keys: SlotKeys,
  watermarkSeconds: number
): Promise<string[] | 'unrolled'> {
  const ends = CLOSED_SIZES.flatMap((size) => [size, closedBeforeSeconds(size, watermarkSeconds)])
  return (await runScript(redis, 'mark-closing', [keys.closing, keys.sourceWindows, keys.quarters], ends)) as
    | string[]
    | 'unrolled'
}

/** Every slot has its mark, so the logs of the window do not change any more. */
async function closeWindow(
  options: TidyOptions,
  members: readonly SlotMember[],
  watermarkSeconds: number
): Promise<void> {
  const { redis, slots, retention, rewrittenBytes } = options
  const { window } = parseSourcesMember(members[0]!.member)
  const vantages = new Set(members.flatMap(({ member }) => parseSourcesMember(member).vantages))
  let areNumbersOld = true
  for (const vantage of vantages) {
    const key = numbersKey(slots, window, vantage)
    if ((await redis.exists(key)) === 1) continue
    areNumbersOld = false
    const table = new SourceTable()
    for (const { keys, member } of members) {
      if (!parseSourcesMember(member).vantages.includes(vantage)) continue
      const stored = await redis.getBuffer(keys.sources(member))
      if (stored !== null) table.merge(stored, ID_BYTES)
    }
    const numbers = Buffer.from(encodeSourceNumbers(table))
    // The first one stays: a second one may have found logs that were deleted meanwhile.
    await redis.set(key, numbers, 'EXAT', keepUntilSeconds(window, retention), 'NX')
  }
  const isLongClosed =
    endSeconds(window) <= closedBeforeSeconds(window.size, watermarkSeconds) - LOGS_KEPT_SECONDS
  if (!areNumbersOld || !isLongClosed) return
  for (const { keys, member } of members) {
    await redis.unlink(keys.sources(member))
    await redis.zrem(keys.sourceWindows, member)
    rewrittenBytes.delete(keys.sources(member))
  }
}

/** Where the numbers of a closed window lie, whichever slots its sources were in. */
export function numbersKey(slots: readonly SlotKeys[], window: Window, vantage: string): string {
  const member = windowMember({ ...window, vantage })
  return slots[slotOf(member, slots.length)]!.sourceNumbers(member)
}
