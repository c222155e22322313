// `node dist/bench/peers/redis-alone-main.js CAPTURE REDIS_URL`: for each packet it sends HINCRBY counts:<minute>
// <port>/<protocol>/<mirai> 1, in pipelines of 1,000 commands, one pipeline after the other.
import { Redis } from 'ioredis'
import { readCaptureFile } from '../../adapters/capture-files.ts'
import { locateIp } from '../../core/capture/link-layer.ts'
import { decodePacket } from '../../core/headers/decode.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import { NO_NAT } from '../../core/tags/aimed-at.ts'
import { TAG_BITS } from '../../core/tags/rules.ts'
import { tagColumns } from '../../core/tags/tag-columns.ts'

const COMMANDS_A_PIPELINE = 1000

const [capture, redisUrl] = process.argv.slice(2) as [string, string]
const redis = new Redis(redisUrl)
const columns = new PacketColumns(COMMANDS_A_PIPELINE)

await readCaptureFile(capture, async (reader) => {
  const { frame } = reader
  while (reader.next()) {
    const { bytes, end, linkType } = frame
    const start = locateIp(bytes, frame.start, end, linkType)
    if (start < 0 || decodePacket(bytes, start, end, columns, columns.length) !== 0) continue
    columns.seconds[columns.length] = frame.seconds
    columns.length += 1
    if (columns.length === COMMANDS_A_PIPELINE) await send()
  }
})
await send()
await redis.quit()

/** Throws where Redis refused a command. */
async function send(): Promise<void> {
  tagColumns(columns, NO_NAT)
  const pipeline = redis.pipeline()
  for (let row = 0; row < columns.length; row++) {
    const minute = columns.seconds[row]! - (columns.seconds[row]! % 60)
    const isMirai = (columns.tags[row]! & TAG_BITS.mirai) !== 0
    const field = `${columns.dstPort[row]}/${columns.protocol[row]}/${isMirai ? 1 : 0}`
    pipeline.hincrby(`counts:${minute}`, field, 1)
  }
  columns.length = 0
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
}
