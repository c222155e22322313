// One frame to the link-layer locator, the sensor's cut and the header decoder.
import { FRAME_REJECT_REASONS, type FrameRejectReason } from '../../core/packets/reject-reason.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import { isDecodableLinkType } from '../../core/capture/link-types.ts'
import { PROTOCOL } from '../../core/headers/protocols.ts'
import { type FeatureMap, magnitude } from './feature-map.ts'
import { differingColumn } from './same-row.ts'
import type { Subject } from './subject.ts'
import { BrokenPromise, type Target } from './target.ts'

const LINK_REASONS = numbersOf('not-ip', 'link-type-unsupported', 'link-header-cut-short', 'ip-version')
const IP_REASONS = numbersOf(
  'ip-header-cut-short',
  'ip-version',
  'ip-header-length',
  'ip-total-length',
  'ipv6-extension-cut-short'
)
/** Where the second copy of a frame lies: at another offset than the first, among other bytes. */
const COPY_AT = 33

/**
 * Promises: nothing is thrown; the answer of the link layer is a known reason or an offset inside the frame; what is
 * kept is part of the packet, so that link header, kept bytes and payload are all of the frame; what is kept decodes
 * as the packet does, or is rejected for the same known reason; and what lies around a frame makes no difference.
 */
export class FrameTarget implements Target {
  readonly name = 'frame'
  readonly #subject: Subject
  readonly #whole = new PacketColumns(1)
  readonly #kept = new PacketColumns(1)
  #copy = new Uint8Array(4096)

  constructor(subject: Subject) {
    this.#subject = subject
  }

  check(linkType: number, bytes: Uint8Array, start: number, end: number, features: FeatureMap): void {
    const subject = this.#subject
    const frameBytes = end - start
    const copy = this.#copyOf(bytes, start, end)
    const ipAt = subject.locateIp(bytes, start, end, linkType)
    const ipAtInCopy = subject.locateIp(copy, COPY_AT, COPY_AT + frameBytes, linkType)
    if (ipAtInCopy !== (ipAt < 0 ? ipAt : ipAt - start + COPY_AT)) {
      throw new BrokenPromise('bytes around a frame make no difference', `locateIp ${ipAt} and ${ipAtInCopy}`)
    }
    if (ipAt < 0) {
      if (LINK_REASONS[-ipAt] !== 1)
        throw new BrokenPromise('a frame is rejected for a link reason', `${ipAt}`)
      features.add(1, kindOf(linkType), ipAt, magnitude(frameBytes))
      return
    }
    if (ipAt < start || ipAt > end) {
      throw new BrokenPromise('the packet is in its frame', `${ipAt} is not in ${start}..${end}`)
    }

    const kept = subject.keptBytes(bytes, ipAt, end)
    if (!(kept >= 0 && kept <= end - ipAt)) {
      throw new BrokenPromise('what is kept is part of the packet', `${kept} of ${end - ipAt} bytes`)
    }
    this.#spoilBehind(ipAtInCopy + kept)
    const rejected = subject.decodePacket(bytes, ipAt, end, this.#whole, 0)
    const rejectedOfKept = subject.decodePacket(copy, ipAtInCopy, ipAtInCopy + kept, this.#kept, 0)
    if (rejected !== rejectedOfKept) {
      throw new BrokenPromise(
        'what is kept is rejected as the packet is',
        `${rejected} and ${rejectedOfKept}`
      )
    }
    features.add(2, kindOf(linkType), rejected, Math.min(ipAt - start, 80))
    if (rejected === 0) this.#comparePackets(ipAt, end, kept, features)
    else if (IP_REASONS[rejected] !== 1) {
      throw new BrokenPromise('a packet is rejected for an IP reason', `${rejected}`)
    } else features.add(3, rejected, bytes[ipAt]! >> 4, Math.min(end - ipAt, 80))
  }

  #comparePackets(ipAt: number, end: number, kept: number, features: FeatureMap): void {
    const { ipVersion, protocol, fragment, notes, tcpDataOffset, ipLength } = this.#whole
    const column = differingColumn(this.#whole, 0, this.#kept, 0)
    if (column !== null)
      throw new BrokenPromise('what is kept decodes as the packet does', `${column} differs`)
    const fragmentKind = ((fragment[0]! & 0x2000) === 0 ? 0 : 1) | ((fragment[0]! & 0x1fff) === 0 ? 0 : 2)
    features.add(4, ipVersion[0]!, protocol[0], fragmentKind, notes[0])
    features.add(5, ipVersion[0]!, transportKind(protocol[0]!), Math.min(kept, 512), notes[0])
    features.add(
      6,
      transportKind(protocol[0]!),
      tcpDataOffset[0],
      fragmentKind,
      Math.min(end - ipAt - kept, 1)
    )
    features.add(
      7,
      ipVersion[0]!,
      transportKind(protocol[0]!),
      magnitude(Math.abs(ipLength[0]! - (end - ipAt)))
    )
  }

  #copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (end - start + COPY_AT > this.#copy.length) this.#copy = new Uint8Array((end - start + COPY_AT) * 2)
    const copy = this.#copy
    for (let i = start, to = COPY_AT; i < end; i++, to++) copy[to] = bytes[i]!
    this.#spoilBehind(COPY_AT + end - start)
    return copy
  }

  /** Other bytes than those behind the first copy, as many as any header reads ahead. */
  #spoilBehind(at: number): void {
    const copy = this.#copy
    const to = Math.min(copy.length, at + 24)
    for (let i = at; i < to; i++) copy[i] = ~copy[i]!
  }
}

/** Link types that are not decoded are all one. */
function kindOf(linkType: number): number {
  return isDecodableLinkType(linkType) ? linkType : -1
}

function transportKind(protocol: number): number {
  switch (protocol) {
    case PROTOCOL.tcp:
      return 1
    case PROTOCOL.udp:
      return 2
    case PROTOCOL.icmp:
      return 3
    case PROTOCOL.icmpv6:
      return 4
    default:
      return 0
  }
}

/** A table with 1 at the number (1 + index) of each reason. */
function numbersOf(...reasons: readonly FrameRejectReason[]): Uint8Array {
  const numbers = new Uint8Array(FRAME_REJECT_REASONS.length + 2)
  for (const reason of reasons) numbers[1 + FRAME_REJECT_REASONS.indexOf(reason)] = 1
  return numbers
}
