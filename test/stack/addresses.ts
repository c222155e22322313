/** Where the shared real parts of a jest run are reached. */
export interface StackAddresses {
  readonly kafkaBrokers: readonly string[]
  readonly registryUrl: string
  readonly redisUrl: string
}

/** Environment variable with the Unix socket on which jest's main process starts parts and tells addresses. */
export const SOCKET_VARIABLE = 'TEST_STACK_SOCKET'

/** The environment that makes a `stormpetrel` process use these parts. */
export function environmentOf(addresses: StackAddresses): Record<string, string> {
  return {
    STORMPETREL_KAFKA_BROKERS: addresses.kafkaBrokers.join(','),
    STORMPETREL_REGISTRY_URL: addresses.registryUrl,
    STORMPETREL_REDIS_URL: addresses.redisUrl
  }
}
