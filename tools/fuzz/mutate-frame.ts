// Changes that keep a frame's inner sense, so that what is behind them is reached: another link header, one more IPv6
// extension header or IPv4 option, a length that is true again.
import { locateIp } from '../../core/capture/link-layer.ts'
import { PROTOCOL } from '../../core/headers/protocols.ts'
import { LINK_HEADERS, LINK_TYPES } from './link-headers.ts'
import { mutateBytes } from './mutate.ts'
import type { SeededRandom } from './random.ts'
import type { Scratch } from './scratch.ts'

const IPV6_FIXED_BYTES = 40
const PROTOCOLS: readonly number[] = Object.values(PROTOCOL)

/** Changes the frame in hand, whose link type is `detail`. */
export function mutateFrame(scratch: Scratch, random: SeededRandom): void {
  const style = random.below(8)
  if (style < 3) mutatePacket(scratch, random)
  else if (style === 3) changeLinkType(scratch, random)
  if (style !== 0) mutateBytes(scratch, random)
}

function changeLinkType(scratch: Scratch, random: SeededRandom): void {
  if (random.oneIn(2)) {
    scratch.detail = random.oneIn(16) ? random.next() & 0xffff : random.pick(LINK_TYPES)
    return
  }
  const ipAt = locate(scratch)
  if (ipAt < 0) return
  const header = random.pick(LINK_HEADERS)
  const bytes = header.before[scratch.bytes[ipAt]! >> 4 === 6 ? 6 : 4]
  if (bytes.length > scratch.room) return
  scratch.close(scratch.start, ipAt - scratch.start)
  scratch.open(scratch.start, bytes.length)
  scratch.bytes.set(bytes, scratch.start)
  scratch.detail = header.linkType
}

function mutatePacket(scratch: Scratch, random: SeededRandom): void {
  const ipAt = locate(scratch)
  if (ipAt < 0) return
  const { bytes } = scratch
  const version = bytes[ipAt]! >> 4
  if (version === 6 && scratch.end - ipAt >= IPV6_FIXED_BYTES) {
    if (random.oneIn(3)) bytes[ipAt + 6] = random.pick(PROTOCOLS)
    else insertExtension(scratch, ipAt, random)
    if (random.oneIn(2)) scratch.view.setUint16(ipAt + 4, scratch.end - ipAt - IPV6_FIXED_BYTES)
  } else if (version === 4 && scratch.end - ipAt >= 20) {
    if (random.oneIn(3)) bytes[ipAt + 9] = random.pick(PROTOCOLS)
    else insertOption(scratch, ipAt, random)
    if (random.oneIn(2)) scratch.view.setUint16(ipAt + 2, scratch.end - ipAt)
  }
}

/** One more header right behind the fixed one, which says what the fixed one said. */
function insertExtension(scratch: Scratch, ipAt: number, random: SeededRandom): void {
  const units = random.below(3)
  const at = ipAt + IPV6_FIXED_BYTES
  if (!scratch.open(at, 8 + units * 8)) return
  const { bytes } = scratch
  const type = random.pick(PROTOCOLS)
  bytes.fill(0, at, at + 8 + units * 8)
  bytes[at] = bytes[ipAt + 6]!
  bytes[at + 1] = type === PROTOCOL.ah ? units * 2 : units
  if (type === PROTOCOL.fragment && random.oneIn(2)) scratch.view.setUint16(at + 2, random.next())
  bytes[ipAt + 6] = type
}

/** One more word of options, or a header length without the word. */
function insertOption(scratch: Scratch, ipAt: number, random: SeededRandom): void {
  const words = 1 + random.below(3)
  const length = (scratch.bytes[ipAt]! & 0xf) + words
  if (length > 15 || !(random.oneIn(4) || scratch.open(ipAt + 20, words * 4))) return
  scratch.bytes[ipAt] = 0x40 | length
}

/** Where the IP packet begins, or a negative number where there is no byte of one. */
function locate(scratch: Scratch): number {
  const at = locateIp(scratch.bytes, scratch.start, scratch.end, scratch.detail)
  return at < scratch.end ? at : -1
}
