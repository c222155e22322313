// A packet as one line of JSON, written byte by byte into a buffer: about 250 ns a packet (bench/tag-lines.ts), where
// JSON.stringify takes ten times that.
import { formatDestination, formatSource } from '../../core/headers/address.ts'
import { ABSENT, type PacketColumns } from '../../core/packets/packet-columns.ts'
import { tagIds } from '../../core/tags/rules.ts'
import {
  type Ascii,
  ascii,
  asciiOf,
  putAscii,
  putDecimal,
  putIpv4,
  putText,
  putThreeDigits
} from './put-ascii.ts'

/** No line without its file name is longer: 18 names, two IPv6 addresses, every tag. */
const MAX_LINE_BYTES = 1024

const TIMESTAMP = ascii(',"timestamp":"')
const SRC = ascii('Z","src":"')
const DST = ascii('","dst":"')
const PROTOCOL = ascii('","protocol":')
const SRC_PORT = ascii(',"src_port":')
const DST_PORT = ascii(',"dst_port":')
const NO_PORTS = ascii(',"src_port":null,"dst_port":null')
const ICMP_TYPE = ascii(',"icmp_type":')
const ICMP_CODE = ascii(',"icmp_code":')
const NO_ICMP = ascii(',"icmp_type":null,"icmp_code":null')
const TCP_FLAGS = ascii(',"tcp_flags":')
const TCP_SEQ = ascii(',"tcp_seq":')
const NO_TCP = ascii(',"tcp_flags":null,"tcp_seq":null')
const IP_ID = ascii(',"ip_id":')
const TTL = ascii(',"ttl":')
const IP_LENGTH = ascii(',"ip_length":')
const TAGS = ascii(',"tags":')
const REGION = ascii(',"region":"')
const ASN = ascii('","asn":')
const END = ascii(',"rejected":null}')
const NULL = ascii('null')
const REJECTED = ascii(
  ',"timestamp":null,"src":null,"dst":null,"protocol":null,"src_port":null,"dst_port":null,"icmp_type":null,' +
    '"icmp_code":null,"tcp_flags":null,"tcp_seq":null,"ip_id":null,"ttl":null,"ip_length":null,"tags":null,' +
    '"region":null,"asn":null,"rejected":"'
)
const REJECTED_END = ascii('"}')

/** Writes packets as JSON objects. Remembers the last second, tags and file, which change rarely. */
export class PacketJson {
  #file: string | null | undefined
  /** `{"file":"a.pcap","frame":` */
  #head: Ascii = ascii('')
  #second = -1
  /** `2022-05-11T00:00:00.` */
  #secondText: Ascii = ascii('')
  readonly #tagLists = new Map<number, Ascii>()
  #tags = -1
  #tagList: Ascii = ascii('')

  /** The file of the lines that follow; answers the most bytes that a line can take. */
  setFile(file: string | null): number {
    if (file !== this.#file) {
      this.#file = file
      this.#head = asciiOf(new TextEncoder().encode(`{"file":${JSON.stringify(file)},"frame":`))
    }
    return this.#head.length + MAX_LINE_BYTES
  }

  /** Writes one packet without a line's end, and answers the position after it. */
  putPacket(out: DataView, at: number, columns: PacketColumns, row: number): number {
    at = putDecimal(out, putAscii(out, at, this.#head), columns.frame[row]!)
    at = this.#putTimestamp(
      out,
      putAscii(out, at, TIMESTAMP),
      columns.seconds[row]!,
      columns.nanoseconds[row]!
    )
    const isIpv4 = columns.ipVersion[row] === 4
    at = putAscii(out, at, SRC)
    at = isIpv4 ? putIpv4(out, at, columns.src[row * 4]!) : putText(out, at, formatSource(columns, row))
    at = putAscii(out, at, DST)
    at = isIpv4 ? putIpv4(out, at, columns.dst[row * 4]!) : putText(out, at, formatDestination(columns, row))
    at = putDecimal(out, putAscii(out, at, PROTOCOL), columns.protocol[row]!)
    at = putPair(out, at, SRC_PORT, columns.srcPort[row]!, DST_PORT, columns.dstPort[row]!, NO_PORTS)
    at = putPair(out, at, ICMP_TYPE, columns.icmpType[row]!, ICMP_CODE, columns.icmpCode[row]!, NO_ICMP)
    at = putPair(out, at, TCP_FLAGS, columns.tcpFlags[row]!, TCP_SEQ, columns.tcpSeq[row]!, NO_TCP)
    at = putOptional(out, putAscii(out, at, IP_ID), columns.ipId[row]!)
    at = putDecimal(out, putAscii(out, at, TTL), columns.ttl[row]!)
    at = putDecimal(out, putAscii(out, at, IP_LENGTH), columns.ipLength[row]!)
    at = this.#putTags(out, putAscii(out, at, TAGS), columns.tags[row]!)
    at = putAscii(out, at, REGION)
    const region = columns.region[row]!
    out.setUint16(at, region)
    at = putDecimal(out, putAscii(out, at + 2, ASN), columns.asn[row]!)
    return putAscii(out, at, END)
  }

  /** Writes one frame that is no packet: its number and why, the rest null. */
  putRejected(out: DataView, at: number, frame: number, reason: string): number {
    at = putDecimal(out, putAscii(out, at, this.#head), frame)
    at = putAscii(out, at, REJECTED)
    at = putText(out, at, reason)
    return putAscii(out, at, REJECTED_END)
  }

  #putTimestamp(out: DataView, at: number, seconds: number, nanoseconds: number): number {
    if (seconds !== this.#second) {
      this.#second = seconds
      this.#secondText = ascii(new Date(seconds * 1000).toISOString().slice(0, 20))
    }
    at = putAscii(out, at, this.#secondText)
    const milliseconds = Math.floor(nanoseconds / 1_000_000)
    const microseconds = Math.floor(nanoseconds / 1000)
    at = putThreeDigits(out, at, milliseconds)
    at = putThreeDigits(out, at, microseconds - milliseconds * 1000)
    return putThreeDigits(out, at, nanoseconds - microseconds * 1000)
  }

  #putTags(out: DataView, at: number, tags: number): number {
    if (tags !== this.#tags) {
      let list = this.#tagLists.get(tags)
      if (list === undefined) {
        list = ascii(JSON.stringify(tagIds(tags)))
        this.#tagLists.set(tags, list)
      }
      this.#tags = tags
      this.#tagList = list
    }
    return putAscii(out, at, this.#tagList)
  }
}

/** Two fields that most packets have both or neither of. */
function putPair(
  out: DataView,
  at: number,
  firstName: Ascii,
  first: number,
  secondName: Ascii,
  second: number,
  neither: Ascii
): number {
  if (first === ABSENT && second === ABSENT) return putAscii(out, at, neither)
  at = putOptional(out, putAscii(out, at, firstName), first)
  return putOptional(out, putAscii(out, at, secondName), second)
}

function putOptional(out: DataView, at: number, value: number): number {
  return value === ABSENT ? putAscii(out, at, NULL) : putDecimal(out, at, value)
}
