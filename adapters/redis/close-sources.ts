// Sources of windows far enough behind become numbers. Every step may be done twice, or by two at once.
import { encodeSourceNumbers } from '../../core/sources/source-numbers.ts'
import { SourceTable } from '../../core/sources/source-log.ts'
import { PackedNumbersError } from '../../core/packed-numbers.ts'
import { partitionKey } from '../../core/fence/slot-request.ts'
import type { CountedUpTo, VantageWindow } from '../../core/store/count-store.ts'
import {
  closedBeforeSeconds,
  endSeconds,
  keepUntilSeconds,
  type Retention
} from '../../core/store/retention.ts'
import { slotOf } from '../../core/store/slot.ts'
import type { Window, WindowSize } from '../../core/windows/window.ts'
import type { RedisConnection } from './connection.ts'
import { runScript } from './scripts.ts'
import { parseWindowMember, type SlotKeys, vantageMember, windowMember } from './slot-keys.ts'
import { deflated, inflated, mergeStored } from './stored-log.ts'

/**
 * Logs are kept for this time behind the watermark, and never deleted in the round that wrote their numbers: a store that
 * lost its newest numbers still has what they were made of.
 */
const LOGS_KEPT_SECONDS = 3600

const CLOSED_SIZES: readonly WindowSize[] = ['hour', 'day']

/** What is closed. */
export interface CloseOptions {
  readonly redis: RedisConnection
  readonly slots: readonly SlotKeys[]
  readonly retention: Retention
  /** Told of what cannot be read: its window stays open, the rest is closed. */
  readonly onUnreadable: (window: string, error: unknown) => void
}

/** A log of a window in one slot. */
interface SlotMember {
  readonly keys: SlotKeys
  readonly vantages: readonly string[]
}

/** Closes what is due, where every slot has counted what `counted` says and nothing waits to be rolled. */
export async function closeSources(
  options: CloseOptions,
  watermarkSeconds: number,
  counted: readonly CountedUpTo[]
): Promise<void> {
  const due = new Map<string, { readonly window: Window; readonly members: SlotMember[] }>()
  for (const keys of options.slots) {
    const marked = await markClosing(options.redis, keys, watermarkSeconds, counted)
    // What is counted later, or waits in a quarter, would come late to a window that is closed now.
    if (marked === 'unrolled' || marked === 'behind') return
    for (const member of marked) {
      const { window, vantages } = parseWindowMember(member)
      if (endSeconds(window) > closedBeforeSeconds(window.size, watermarkSeconds)) continue
      const name = vantageMember({ ...window, vantage: '' })
      const of = due.get(name) ?? { window, members: [] }
      due.set(name, of)
      of.members.push({ keys, vantages })
    }
  }
  for (const { window, members } of due.values()) {
    try {
      await closeWindow(options, window, members, watermarkSeconds)
    } catch (error) {
      if (!(error instanceof PackedNumbersError)) throw error
      options.onUnreadable(vantageMember({ ...window, vantage: '' }), error)
    }
  }
}

async function markClosing(
  redis: RedisConnection,
  keys: SlotKeys,
  watermarkSeconds: number,
  counted: readonly CountedUpTo[]
): Promise<string[] | 'unrolled' | 'behind'> {
  return (await runScript(
    redis,
    'mark-closing',
    [keys.closing, keys.sourceWindows, keys.quarters, keys.offsets, keys.unreadableQuarters],
    [
      CLOSED_SIZES.length,
      ...CLOSED_SIZES.flatMap((size) => [size, closedBeforeSeconds(size, watermarkSeconds)]),
      ...counted.flatMap((partition) => [partitionKey(partition), partition.to])
    ]
  )) as string[] | 'unrolled' | 'behind'
}

async function closeWindow(
  options: CloseOptions,
  window: Window,
  members: readonly SlotMember[],
  watermarkSeconds: number
): Promise<void> {
  const { redis, slots } = options
  const vantages = [...new Set(members.flatMap((member) => member.vantages))]
  const numbers = vantages.map((vantage) => numbersKey(slots, { ...window, vantage }))
  const written = await Promise.all(numbers.map((key) => redis.exists(key)))
  if (written.some((exists) => exists === 0)) {
    await writeNumbers(options, window, members, vantages)
    return
  }
  const closedBefore = closedBeforeSeconds(window.size, watermarkSeconds)
  if (endSeconds(window) > closedBefore - LOGS_KEPT_SECONDS) return
  for (const { keys, vantages } of members) {
    const member = windowMember(window, vantages)
    await redis.unlink(keys.sources(member))
    await redis.zrem(keys.sourceWindows, member)
  }
}

/** Writes the numbers of every vantage, where the window is closed in every slot at the moment at which it is read. */
async function writeNumbers(
  { redis, slots, retention }: CloseOptions,
  window: Window,
  members: readonly SlotMember[],
  vantages: readonly string[]
): Promise<void> {
  const tables = new Map(vantages.map((vantage) => [vantage, new SourceTable()]))
  for (const keys of slots) {
    const own = members.filter((member) => member.keys === keys)
    const logs = await runScript(
      redis,
      'read-closed',
      [keys.closing, ...own.map(({ vantages }) => keys.sources(windowMember(window, vantages)))],
      [window.size, endSeconds(window)],
      'bytes'
    )
    if (!Array.isArray(logs)) return
    for (const [index, member] of own.entries()) {
      const log = (logs as (Buffer | null)[])[index]
      if (log == null) continue
      for (const vantage of member.vantages) mergeStored(log, tables.get(vantage)!)
    }
  }
  for (const [vantage, table] of tables) {
    const key = numbersKey(slots, { ...window, vantage })
    // The first one stays: a second one may have found logs that were deleted meanwhile.
    const numbers = deflated(encodeSourceNumbers(table))
    await redis.set(key, numbers, 'EXAT', keepUntilSeconds(window, retention), 'NX')
  }
}

/** The numbers of a closed window as writeNumbers left them; null where it is not closed. */
export async function readNumbers(
  redis: RedisConnection,
  slots: readonly SlotKeys[],
  window: VantageWindow
): Promise<Uint8Array | null> {
  const stored = await redis.getBuffer(numbersKey(slots, window))
  if (stored === null) return null
  return inflated(stored)
}

/** Where the numbers of a closed window lie, whichever slots its sources were in. */
function numbersKey(slots: readonly SlotKeys[], window: VantageWindow): string {
  const member = vantageMember(window)
  return slots[slotOf(member, slots.length)]!.sourceNumbers(member)
}
