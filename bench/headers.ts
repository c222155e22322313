// Nanoseconds a packet of the decoder, the sensor's cut, the tags and address text: `node
// dist/bench/headers.js`.
import { formatIpv4 } from '../core/headers/address.ts'
import { decodePacket } from '../core/headers/decode.ts'
import { keptBytes } from '../core/headers/header-length.ts'
import { PacketColumns } from '../core/packets/packet-columns.ts'
import { buildAimedAt, NO_NAT } from '../core/tags/aimed-at.ts'
import { tagColumns } from '../core/tags/tag-columns.ts'

const PACKETS = 4096
const PACKET_BYTES = 44
const ROUNDS = 500

/** A batch of IPv4 TCP SYNs with MSS from random sources, a quarter of them Mirai-type. */
function synBatch(): Uint8Array {
  const bytes = new Uint8Array(PACKETS * PACKET_BYTES)
  const view = new DataView(bytes.buffer)
  let state = 88172645
  const random = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
    const dst = 0xcb007100 | (random() & 0xff)
    view.setUint32(at, 0x45000000 | PACKET_BYTES)
    view.setUint32(at + 4, random() & 0xffff0000)
    view.setUint32(at + 8, 0x34060000)
    view.setUint32(at + 12, random())
    view.setUint32(at + 16, dst)
    view.setUint16(at + 20, random())
    view.setUint16(at + 22, 23)
    view.setUint32(at + 24, random() % 4 === 0 ? dst : random())
    view.setUint32(at + 32, 0x60021000)
    view.setUint32(at + 40, 0x020405b4)
  }
  return bytes
}

function measure(name: string, run: () => void): void {
  for (let i = 0; i < ROUNDS / 5; i++) run()
  const start = process.hrtime.bigint()
  for (let i = 0; i < ROUNDS; i++) run()
  const nanoseconds = Number(process.hrtime.bigint() - start) / (ROUNDS * PACKETS)
  process.stdout.write(`${name.padEnd(34)} ${nanoseconds.toFixed(1).padStart(7)} ns\n`)
}

const bytes = synBatch()
const columns = new PacketColumns(PACKETS)
const nat = buildAimedAt([{ inside: '203.0.113.0/24', public: '198.51.100.0/24' }])
let sink = 0

measure('decodePacket', () => {
  for (let row = 0; row < PACKETS; row++) {
    sink += decodePacket(bytes, row * PACKET_BYTES, (row + 1) * PACKET_BYTES, columns, row)
  }
  columns.length = PACKETS
})
measure('keptBytes', () => {
  for (let row = 0; row < PACKETS; row++)
    sink += keptBytes(bytes, row * PACKET_BYTES, (row + 1) * PACKET_BYTES)
})
measure('tagColumns', () => tagColumns(columns, NO_NAT))
measure('tagColumns behind NAT', () => tagColumns(columns, nat))
measure('formatIpv4, made flat in UTF-8', () => {
  for (let row = 0; row < PACKETS; row++) sink += Buffer.byteLength(formatIpv4(columns.src[row * 4]!))
})
if (sink < 0) process.exitCode = 1
