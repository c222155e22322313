import path from 'node:path'
import { type Kafka, type KafkaOptions, startKafka } from './kafka.ts'
import { type Redis, type RedisOptions, startRedis } from './redis.ts'
import { type Registry, type RegistryOptions, startRegistry } from './registry.ts'

/** Every setting has a default. */
export interface StackOptions {
  /** Keeps the data of all three in folders below it; temporary folders otherwise. */
  readonly folder?: string
  readonly kafka?: KafkaOptions
  readonly registry?: RegistryOptions
  readonly redis?: RedisOptions
}

/** The three real parts, running. */
export interface Stack {
  readonly kafka: Kafka
  readonly registry: Registry
  readonly redis: Redis
  /** What a service needs in its environment to use them. */
  environment(): Record<string, string>
  /** Ends all three. May be called again. */
  stop(): Promise<void>
}

/** Starts all three at once and resolves when all are ready; where one fails, ends the others and throws. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { folder } = options
  const below = (name: string) => (folder === undefined ? {} : { folder: path.join(folder, name) })
  const results = await Promise.allSettled([
    startKafka({ ...below('kafka'), ...options.kafka }),
    startRegistry({ ...below('registry'), ...options.registry }),
    startRedis({ ...below('redis'), ...options.redis })
  ])
  const [kafka, registry, redis] = results
  if (kafka.status !== 'fulfilled' || registry.status !== 'fulfilled' || redis.status !== 'fulfilled') {
    for (const result of results) if (result.status === 'fulfilled') await result.value.stop()
    throw results.find((result) => result.status === 'rejected')?.reason
  }
  const stack = { kafka: kafka.value, registry: registry.value, redis: redis.value }
  return {
    ...stack,
    environment: () => ({
      STORMPETREL_KAFKA_BROKERS: stack.kafka.brokers.join(','),
      STORMPETREL_REGISTRY_URL: stack.registry.url,
      STORMPETREL_REDIS_URL: stack.redis.url
    }),
    stop: async () => {
      await Promise.all([stack.kafka.stop(), stack.registry.stop(), stack.redis.stop()])
    }
  }
}
