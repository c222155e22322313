// Turns sources into calls of add-sources.lua, slot by slot, each of a bounded size.
import { endianness } from 'node:os'
import type { SourceCell, VantageWindow } from '../../core/store/count-store.ts'
import { endSeconds, keepUntilSeconds, type Retention } from '../../core/store/retention.ts'
import { slotOf } from '../../core/store/slot.ts'
import { type SlotKeys, windowMember } from './slot-keys.ts'

/** A call blocks Redis for some 10 ms at this size. */
const SKETCHES_PER_CALL = 2000
const ADDRESSES_PER_CALL = 20_000

const IS_LITTLE_ENDIAN = endianness() === 'LE'

type ScriptArgument = string | number | Buffer

/** Part of a call: what follows the writer's arguments, of whole windows. */
export interface SourceCall {
  readonly keys: string[]
  readonly windows: number
  readonly args: ScriptArgument[]
}

interface WindowSketches {
  readonly window: VantageWindow
  readonly member: string
  readonly cells: SourceCell[]
}

/** Cells by the slot that holds their sketch, then by window; slots without any are left out. */
export function sourceCalls(
  cells: readonly SourceCell[],
  slots: readonly SlotKeys[],
  retention: Retention | null
): Map<number, SourceCall[]> {
  const calls = new Map<number, SourceCall[]>()
  for (const [slot, windows] of bySlot(cells, slots.length)) {
    const keys = slots[slot]!
    calls.set(
      slot,
      parts([...windows.values()]).map((part) => callOf(part, keys, retention))
    )
  }
  return calls
}

function bySlot(cells: readonly SourceCell[], slots: number): Map<number, Map<string, WindowSketches>> {
  const result = new Map<number, Map<string, WindowSketches>>()
  const members = new Map<VantageWindow, string>()
  for (const cell of cells) {
    if (cell.words.length === 0) continue
    let member = members.get(cell.window)
    if (member === undefined) {
      member = windowMember(cell.window)
      members.set(cell.window, member)
    }
    const slot = sketchSlot(member, cell.series, slots)
    const windows = result.get(slot) ?? new Map<string, WindowSketches>()
    result.set(slot, windows)
    const sketches = windows.get(member) ?? { window: cell.window, member, cells: [] }
    windows.set(member, sketches)
    sketches.cells.push(cell)
  }
  return result
}

/** The slot of a sketch: by its own name, so that it lies in one place whichever sensors add to it. */
export function sketchSlot(member: string, series: string, slots: number): number {
  return slotOf(`${member}|${series}`, slots)
}

/** Cuts windows into parts of a bounded size. A window in two parts is no harm: adding sources is idempotent. */
function parts(windows: readonly WindowSketches[]): WindowSketches[][] {
  const result: WindowSketches[][] = []
  let part: WindowSketches[] = []
  let sketches = 0
  let addresses = 0
  for (const { window, member, cells } of windows) {
    let taken: SourceCell[] = []
    for (const cell of cells) {
      if (sketches >= SKETCHES_PER_CALL || addresses >= ADDRESSES_PER_CALL) {
        if (taken.length > 0) part.push({ window, member, cells: taken })
        result.push(part)
        ;[part, taken, sketches, addresses] = [[], [], 0, 0]
      }
      taken.push(cell)
      sketches++
      addresses += cell.ipVersion === 4 ? cell.words.length : cell.words.length / 4
    }
    if (taken.length > 0) part.push({ window, member, cells: taken })
  }
  if (part.length > 0) result.push(part)
  return result
}

function callOf(part: readonly WindowSketches[], keys: SlotKeys, retention: Retention | null): SourceCall {
  const call: SourceCall = { keys: [], windows: part.length, args: [] }
  for (const { window, member, cells } of part) {
    call.keys.push(keys.sketchSeries(member))
    call.args.push(window.size, member, endSeconds(window), keepUntilSeconds(window, retention), cells.length)
    for (const { series, ipVersion, words } of cells) {
      call.keys.push(keys.sketch(member, series))
      const addresses = inNetworkOrder(words)
      call.args.push(series, ...(ipVersion === 4 ? [addresses, ''] : ['', addresses]))
    }
  }
  return call
}

/** The addresses as bytes, one after another. */
function inNetworkOrder(words: Uint32Array): Buffer {
  const bytes = Buffer.from(new Uint8Array(words.buffer, words.byteOffset, words.byteLength))
  return IS_LITTLE_ENDIAN ? bytes.swap32() : bytes
}
