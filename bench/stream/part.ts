// The part of the benchmark that is a stream: the drain, and peers over the same packets.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureKafkaStreams } from '../peers/kafka-streams.ts'
import type { PeerResult } from '../peers/peer.ts'
import { measurePython } from '../peers/python.ts'
import { BenchDeployment } from './deployment.ts'
import { type DrainResult, fillForDrain, measureDrain, type Say } from './drain.ts'
import { type ProfileRow, profileOf } from './profile.ts'
import { PEER_FRAMES } from './captures.ts'

/** What the part leaves in the results. */
export interface StreamResults {
  readonly drain: DrainResult & {
    /** ISO 8601: it may be measured alone, later than the commands. */
    readonly startedAt: string
    /** Packets/s as a multiple of Kafka Streams with exactly_once_v2, in the same run over the same topic. */
    readonly ratioToKafkaStreamsExactlyOnce: number
  }
  readonly redisBytes: number
  readonly profiles: readonly ServiceProfile[]
  readonly peers: readonly PeerResult[]
}

/** A service, and where its time goes. */
export interface ServiceProfile {
  readonly service: string
  readonly rows: readonly ProfileRow[]
}

const PROFILED_PACKETS = 4_000_000

/** Drains so many packets without peers, and tells what each stage took: for whoever makes it faster. */
export async function measureDrainAlone(packets: number, say: Say): Promise<void> {
  const deployment = await BenchDeployment.open()
  try {
    const filled = await fillForDrain(deployment, packets, say)
    say(JSON.stringify(await measureDrain(deployment, filled, packets, say), null, 1))
  } finally {
    await deployment.close()
  }
  for (const { service, rows } of await measureProfiles(packets, say)) {
    say(service)
    for (const { area, share } of rows) say(`  ${(share * 100).toFixed(1).padStart(5)} % ${area}`)
  }
}

/** Where the services' time goes in a drain of its own, which the profile makes slower. */
async function measureProfiles(packets: number, say: Say): Promise<ServiceProfile[]> {
  const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-bench-'))
  const deployment = await BenchDeployment.open()
  try {
    const filled = await fillForDrain(deployment, packets, say)
    await measureDrain(deployment, filled, packets, say, folder)
    await deployment.stopServices()
    return ['tagger', 'aggregator'].map((service) => ({ service, rows: profileOf(join(folder, service)) }))
  } finally {
    await deployment.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Drains so many packets, then has the peers count: Kafka Streams all of them, and the others where `hasAllPeers`. */
export async function measureStream(packets: number, hasAllPeers: boolean, say: Say): Promise<StreamResults> {
  const startedAt = new Date().toISOString()
  let results: Omit<StreamResults, 'profiles'>
  const deployment = await BenchDeployment.open()
  try {
    const filled = await fillForDrain(deployment, packets, say)
    const drain = await measureDrain(deployment, filled, packets, say)
    await deployment.stopServices()
    say(`drain: ${drain.packetsPerSecond} packets/s`)
    const sound = filled.truths.reduce((sum, { frames, damagedFrames }) => sum + frames - damagedFrames, 0)
    const exactlyOnce = await measureKafkaStreams(deployment, sound, 'exactly_once_v2')
    const peers = [exactlyOnce, await measureKafkaStreams(deployment, sound, 'at_least_once')]
    if (hasAllPeers) {
      const some = Math.min(PEER_FRAMES, sound)
      peers.push(await measurePython(deployment.configuration.kafkaBrokers, some))
    }
    for (const { name, packetsPerSecond } of peers) say(`${name}: ${packetsPerSecond} packets/s`)
    const ratio = drain.packetsPerSecond / exactlyOnce.packetsPerSecond
    const ratioToKafkaStreamsExactlyOnce = Math.round(ratio * 100) / 100
    results = {
      drain: { startedAt, ...drain, ratioToKafkaStreamsExactlyOnce },
      redisBytes: drain.redisBytes,
      peers
    }
  } finally {
    await deployment.close()
  }
  return { ...results, profiles: await measureProfiles(Math.min(packets, PROFILED_PACKETS), say) }
}
