// A raw topic to exact counts in Redis: tagger and aggregator with all features, the broker and Redis on the same cores.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { NO_LOG } from '../../adapters/log.ts'
import type { CountStore, SensorTotals } from '../../core/store/count-store.ts'
import { rejectedFramesOf } from '../../core/store/ledger.ts'
import { createBus, createStore } from '../../services/connections.ts'
import { type BenchDeployment, SENSORS, type ServiceProcess } from './deployment.ts'
import { type StageUsage, watchUsage } from './process-usage.ts'
import { type FilledTopic, fillRawTopic } from './raw-topic.ts'

/** Packet time runs as at the largest telescopes. */
const PACKETS_PER_SECOND = 500_000
const POLL_MS = 100
const TELL_EVERY = 50

/** What a drain took, from the start of the processes to the last packet counted. */
export interface DrainResult {
  readonly packets: number
  readonly seconds: number
  readonly packetsPerSecond: number
  /** From the first to the last packet counted: without the processes' start. */
  readonly steadyPacketsPerSecond: number
  readonly stages: readonly StageUsage[]
  /** Values alone, uncompressed. */
  readonly rawBytesPerPacket: number
  /** The topic on the broker's disk: values, headers and Kafka's own. */
  readonly enrichedBytesPerPacket: number
  /** All that Redis holds at the end, by its own account. */
  readonly redisBytes: number
}

/** Tells how far it is. */
export type Say = (line: string) => void

/** Fills packets.raw of the deployment. */
export async function fillForDrain(
  deployment: BenchDeployment,
  packets: number,
  say: Say
): Promise<FilledTopic> {
  const bus = createBus(deployment.configuration, null, ['packets.raw'], NO_LOG)
  await bus.start()
  const beganMs = performance.now()
  const startSeconds = Math.floor(Date.now() / 1000 - packets / PACKETS_PER_SECOND) - 5
  const load = { sensors: Object.keys(SENSORS), packets, packetsPerSecond: PACKETS_PER_SECOND, startSeconds }
  const filled = await fillRawTopic({ bus, ...load })
  await bus.stop()
  say(`packets.raw has ${packets} packets, made in ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
  return filled
}

/** Drains what `fillForDrain` left. Throws where a count is not exact. Profiles go to a folder a service. */
export async function measureDrain(
  deployment: BenchDeployment,
  filled: FilledTopic,
  packets: number,
  say: Say,
  profileFolder: string | null = null
): Promise<DrainResult> {
  const { stack, configuration } = deployment
  const beganMs = performance.now()
  const services: ServiceProcess[] = []
  for (const verb of ['tagger', 'aggregator']) {
    const folder = profileFolder === null ? null : join(profileFolder, verb)
    services.push(await deployment.start(verb, [verb], folder))
  }
  const stages = watchUsage([
    ...services.map(({ name, child }) => ({ name, pid: child.pid! })),
    { name: 'kafka', pid: stack.kafka.pids[0]! },
    { name: 'redis', pid: stack.redis.pids[0]! }
  ])
  const store = createStore(configuration, null, 'read')
  await store.start()
  try {
    let firstMs = 0
    let first = 0
    for (let tick = 0, done = 0; done < packets; tick++) {
      await sleep(POLL_MS)
      deployment.checkAlive()
      done = framesOf(await store.sensorTotals())
      if (done > 0 && firstMs === 0) [firstMs, first] = [performance.now(), done]
      if (tick % TELL_EVERY === 0) say(`${((performance.now() - beganMs) / 1000).toFixed(0)} s: ${done}`)
    }
    const endMs = performance.now()
    const used = stages(packets)
    await checkExact(store, filled)
    const seconds = (endMs - beganMs) / 1000
    return {
      packets,
      seconds,
      packetsPerSecond: Math.round(packets / seconds),
      steadyPacketsPerSecond: Math.round(((packets - first) / (endMs - firstMs)) * 1000),
      stages: used,
      rawBytesPerPacket: filled.valueBytes / packets,
      enrichedBytesPerPacket: topicBytes(deployment, 'packets.enriched') / packets,
      redisBytes: await redisBytes(stack.redis.url)
    }
  } finally {
    await store.stop()
  }
}

/** What a topic takes in the broker's logs. */
function topicBytes({ stack }: BenchDeployment, topic: string): number {
  const data = join(stack.kafka.folder, 'node-1', 'data')
  const partitions = readdirSync(data).filter((name) => name.startsWith(`${topic}-`))
  const files = partitions.flatMap((name) =>
    readdirSync(join(data, name)).map((file) => join(data, name, file))
  )
  return files.filter((file) => file.endsWith('.log')).reduce((sum, file) => sum + statSync(file).size, 0)
}

/** All that a Redis holds, by its own account. */
export async function redisBytes(url: string): Promise<number> {
  const redis = new Redis(url)
  try {
    return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1])
  } finally {
    redis.disconnect()
  }
}

function framesOf(totals: readonly SensorTotals[]): number {
  return totals.reduce((sum, each) => sum + each.countedPackets + rejectedFramesOf(each), 0)
}

/** Every port and the Mirai tag, over all minutes, as the traffic was made. */
async function checkExact(store: CountStore, { truths }: FilledTopic): Promise<void> {
  const counted = new Map<string, number>()
  for (const startSeconds of await store.windows('minute', 'UTC', 'all')) {
    const window = { size: 'minute', zone: 'UTC', startSeconds, vantage: 'all' } as const
    for (const [series, packets] of await store.packets(window)) {
      counted.set(series, (counted.get(series) ?? 0) + packets)
    }
  }
  const check = (series: string, packets: number): void => {
    const found = counted.get(series) ?? 0
    if (found !== packets) throw new Error(`${series}: ${found} counted, ${packets} sent`)
  }
  const sum = (of: (truth: FilledTopic['truths'][number]) => number): number =>
    truths.reduce((total, truth) => total + of(truth), 0)
  check(
    'tag=mirai',
    sum(({ miraiPackets }) => miraiPackets)
  )
  check(
    'all',
    sum(({ frames, damagedFrames }) => frames - damagedFrames)
  )
  for (let port = 0; port < 65_536; port++) {
    check(
      `port=${port}/TCP`,
      sum(({ packetsByPort }) => packetsByPort[port]!)
    )
    check(
      `port=${port}/UDP`,
      sum(({ packetsByPort }) => packetsByPort[65_536 + port]!)
    )
  }
}
