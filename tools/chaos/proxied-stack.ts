// Kafka, registry and Redis, each with a cable that can be cut. The harness itself reaches them beside the cables.
import { findFreePort } from '../stack/free-port.ts'
import { type Kafka, startKafka } from '../stack/kafka.ts'
import { type Redis, startRedis } from '../stack/redis.ts'
import { type Registry, startRegistry } from '../stack/registry.ts'
import { TcpProxy } from './tcp-proxy.ts'
import path from 'node:path'

/** What the proxies stand before. */
export type CableName = 'kafka' | 'registry' | 'redis'

/** The three parts and their cables. */
export interface ProxiedStack {
  readonly kafka: Kafka
  readonly registry: Registry
  readonly redis: Redis
  readonly cables: Readonly<Record<CableName, TcpProxy>>
  /** Addresses for the product, through the cables, or past them. */
  environment(through: 'cables' | 'nothing'): Record<string, string>
  stop(): Promise<void>
}

/**
 * Starts all; data lie below `folder` and are kept, or in temporary folders. Where Redis is to lose data its
 * append-only file is never written anew: an old state of it is then its first bytes.
 */
export async function startProxiedStack(
  folder: string | undefined,
  isRedisToLose: boolean
): Promise<ProxiedStack> {
  const [port, controllerPort, cabledPort, registryPort, redisPort] = await Promise.all(
    Array.from({ length: 5 }, findFreePort)
  )
  const cables = {
    kafka: new TcpProxy(cabledPort!),
    registry: new TcpProxy(registryPort!),
    redis: new TcpProxy(redisPort!)
  }
  const stopCables = async () => {
    await Promise.all(Object.values(cables).map((cable) => cable.stop()))
  }
  await Promise.all(Object.values(cables).map((cable) => cable.start()))
  const place = (name: string) => (folder === undefined ? {} : { folder: path.join(folder, name) })
  const started = await Promise.allSettled([
    startKafka({
      ...place('kafka'),
      port: port!,
      settings: kafkaSettings(port!, controllerPort!, cabledPort!, cables.kafka.port)
    }),
    startRegistry({ ...place('registry'), port: registryPort! }),
    startRedis({
      ...place('redis'),
      port: redisPort!,
      args: ['--appendfsync', 'always', '--auto-aof-rewrite-percentage', isRedisToLose ? '0' : '100']
    })
  ])
  const [kafka, registry, redis] = started
  if (kafka.status !== 'fulfilled' || registry.status !== 'fulfilled' || redis.status !== 'fulfilled') {
    for (const part of started) if (part.status === 'fulfilled') await part.value.stop()
    await stopCables()
    throw started.find((part) => part.status === 'rejected')?.reason
  }
  const parts = { kafka: kafka.value, registry: registry.value, redis: redis.value }
  return {
    ...parts,
    cables,
    environment: (through) => {
      const isCabled = through === 'cables'
      const registryUrl = new URL(parts.registry.url)
      if (isCabled) registryUrl.port = `${cables.registry.port}`
      return {
        STORMPETREL_KAFKA_BROKERS: `127.0.0.1:${isCabled ? cables.kafka.port : port}`,
        STORMPETREL_REGISTRY_URL: registryUrl.href,
        STORMPETREL_REDIS_URL: `redis://127.0.0.1:${isCabled ? cables.redis.port : redisPort}`
      }
    },
    stop: async () => {
      await stopCables()
      await Promise.all([parts.kafka.stop(), parts.registry.stop(), parts.redis.stop()])
    }
  }
}

/** A second listener whose clients are told the cable's port, so that every connection of theirs goes through it. */
function kafkaSettings(port: number, controllerPort: number, cabledPort: number, cablePort: number) {
  const host = '127.0.0.1'
  return {
    'controller.quorum.voters': `1@${host}:${controllerPort}`,
    listeners: `PLAINTEXT://${host}:${port},CABLED://${host}:${cabledPort},CONTROLLER://${host}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port},CABLED://${host}:${cablePort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CABLED:PLAINTEXT,CONTROLLER:PLAINTEXT'
  }
}
