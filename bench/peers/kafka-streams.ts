// The Kafka Streams peer over the same raw topic: builds it once, runs it to its end.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../adapters/package-root.ts'
import { findJava } from '../../tools/stack/checkout.ts'
import type { PeerResult } from './peer.ts'
import type { BenchDeployment } from '../stream/deployment.ts'

/** What the peer promises of its counts. */
export type Guarantee = 'exactly_once_v2' | 'at_least_once'

const execute = promisify(execFile)
const MIN_JAVA = 17
const HEAP = '-Xmx2g'
const LIMIT_MS = 15 * 60_000

/** Counts the first packets.raw of the deployment, all of it, in a JVM of its own with two stream threads. */
export async function measureKafkaStreams(
  deployment: BenchDeployment,
  packets: number,
  guarantee: Guarantee
): Promise<PeerResult> {
  const java = await findJava(MIN_JAVA)
  const built = await build()
  const database = createRequire(import.meta.url).resolve(
    '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'
  )
  const brokers = deployment.configuration.kafkaBrokers.join(',')
  const schema = join(packageRoot(), 'schemas/packets.raw.avsc')
  const state = join(deployment.folder, `streams-${guarantee}`)
  const options = [HEAP, '-cp', `${built}/classes:${built}/lib/*`, 'TelescopeCounts']
  const args = [brokers, 'packets.raw', guarantee, String(packets), schema, database, state]
  const beganMs = performance.now()
  const { stdout } = await execute(java, [...options, ...args], { timeout: LIMIT_MS })
  const counted = JSON.parse(stdout) as { packets: number; seconds: number; cpuSeconds: number }
  if (counted.packets !== packets) {
    throw new Error(
      `Kafka Streams counted ${counted.packets} of ${packets} in ${performance.now() - beganMs} ms`
    )
  }
  return {
    name: `Kafka Streams ${versionOf('kafka')}, ${guarantee}`,
    packets,
    seconds: counted.seconds,
    packetsPerSecond: Math.round(packets / counted.seconds),
    cpuNsPerPacket: Math.round((counted.cpuSeconds * 1e9) / packets)
  }
}

const SOURCE = join(packageRoot(), 'bench/peers/kafka-streams')

function versionOf(part: string): string {
  return new RegExp(`<${part}.version>([^<]+)<`).exec(readFileSync(join(SOURCE, 'pom.xml'), 'utf8'))![1]!
}

/** Jars from Maven Central and the compiled class, in the checkout's cache; made anew where the sources changed. */
async function build(): Promise<string> {
  const folder = join(packageRoot(), '.cache/peers/kafka-streams')
  const program = join(SOURCE, 'src/main/java/TelescopeCounts.java')
  const wanted = [join(SOURCE, 'pom.xml'), program].map((file) => readFileSync(file, 'utf8')).join('')
  const marker = join(folder, 'complete')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return folder
  mkdirSync(folder, { recursive: true })
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}/lib`]
  await execute('mvn', ['-q', '-B', '-ntp', '-f', join(SOURCE, 'pom.xml'), ...goal])
  await execute('javac', [
    '--release',
    String(MIN_JAVA),
    '-cp',
    `${folder}/lib/*`,
    '-d',
    `${folder}/classes`,
    program
  ])
  writeFileSync(marker, wanted)
  return folder
}
