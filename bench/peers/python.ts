// The Python peer over the same raw topic: confluent-kafka, fastavro, maxminddb and collections.Counter in one process,
// end to Redis (python/telescope_counts.py). Versions as tools/setup/requirements.txt pins them, settings as they come.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../../adapters/package-root.ts'
import { pythonOf } from '../../tools/chaos/truth.ts'
import { startRedis } from '../../tools/stack/redis.ts'
import type { PeerResult } from './peer.ts'
import { sumOfCounts } from './redis-counts.ts'
import { resultOf, timeProgram } from './timed-program.ts'

/**
 * Counts the first packets of packets.raw, into a Redis of its own. The time is that of the process from its start to
 * its end, Redis's own left out. Throws where a packet is missing in a count.
 */
export async function measurePython(brokers: readonly string[], packets: number): Promise<PeerResult> {
  const database = createRequire(import.meta.url).resolve(
    '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'
  )
  const redis = await startRedis()
  try {
    const options = {
      brokers: brokers.join(','),
      topic: 'packets.raw',
      packets: String(packets),
      schema: join(packageRoot(), 'schemas/packets.raw.avsc'),
      database,
      redis: redis.url
    }
    const script = join(packageRoot(), 'bench/peers/python/telescope_counts.py')
    const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value])
    const run = await timeProgram({ title: 'the Python peer', command: [pythonOf(), script, ...args] })
    for (const series of ['port', 'region']) {
      const kept = await sumOfCounts(redis.url, `counts:*:${series}`)
      if (kept !== packets) throw new Error(`the Python peer left ${kept} of ${packets} packets by ${series}`)
    }
    const { packets: counted } = JSON.parse(run.stdout) as { packets: number }
    return resultOf(`Python, confluent-kafka ${versionOf('confluent-kafka')}`, packets, counted, run)
  } finally {
    await redis.stop()
  }
}

function versionOf(name: string): string {
  const pinned = readFileSync(join(packageRoot(), 'tools/setup/requirements.txt'), 'utf8')
  return new RegExp(`^${name}==(.+)$`, 'm').exec(pinned)![1]!
}
