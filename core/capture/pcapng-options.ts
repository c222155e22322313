// What an interface description block says of its packets.
import type { InterfaceDescription } from './pcapng-interface.ts'

const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const
/** Offset in the block of the first option. */
const OPTIONS_AT = 16
const MICROSECONDS = 6

/**
 * Reads the block at bytes [start..end) of the view, its closing length left out. Null where the block, or one of its
 * options, is cut short. An option of the wrong length is as if it were absent.
 */
export function readInterfaceDescription(
  view: DataView,
  start: number,
  end: number,
  isLittleEndian: boolean
): InterfaceDescription | null {
  let at = start + OPTIONS_AT
  if (at > end) return null
  let timeResolution = MICROSECONDS
  let timeOffsetSeconds = 0
  while (at + 4 <= end) {
    const code = view.getUint16(at, isLittleEndian)
    const lengthBytes = view.getUint16(at + 2, isLittleEndian)
    at += 4
    if (at + lengthBytes > end) return null
    if (code === OPTION.end) break
    if (code === OPTION.timeResolution && lengthBytes === 1) timeResolution = view.getUint8(at)
    if (code === OPTION.timeOffset && lengthBytes === 8) {
      const [high, low] = isLittleEndian ? [at + 4, at] : [at, at + 4]
      timeOffsetSeconds = view.getInt32(high, isLittleEndian) * 2 ** 32 + view.getUint32(low, isLittleEndian)
    }
    at += lengthBytes + (-lengthBytes & 3)
  }
  return {
    linkType: view.getUint16(start + 8, isLittleEndian),
    snapLengthBytes: view.getUint32(start + 12, isLittleEndian),
    timeResolution,
    timeOffsetSeconds
  }
}
