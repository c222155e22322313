// `npm run stack`: the real parts on this machine, without Docker, until Ctrl-C.
import { Command, InvalidArgumentError } from 'commander'
import { startStack } from './stack.ts'

interface CommandOptions {
  readonly data?: string
  readonly kafkaPort?: number
  readonly kafkaNodes: number
  readonly registryPort?: number
  readonly redisPort?: number
}

function parseCount(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 65_535) {
    throw new InvalidArgumentError('A whole number from 1 to 65535 is needed.')
  }
  return value
}

async function main(): Promise<void> {
  const command = new Command('npm run stack --')
    .description('Starts Kafka, a schema registry and Redis on 127.0.0.1, and ends them at Ctrl-C.')
    .option('--data <dir>', 'keep the data in this folder (default: a temporary one, deleted at the end)')
    .option('--kafka-port <port>', 'port of the first broker (default: a free one)', parseCount)
    .option('--kafka-nodes <count>', 'brokers of the cluster', parseCount, 1)
    .option('--registry-port <port>', "port of the registry's API (default: a free one)", parseCount)
    .option('--redis-port <port>', 'port of Redis (default: a free one)', parseCount)
    .parse()
  const options = command.opts<CommandOptions>()

  process.stderr.write('starting Kafka, Apicurio Registry and Redis ...\n')
  const stopped = untilStopped()
  const stack = await startStack({
    ...(options.data === undefined ? {} : { folder: options.data }),
    kafka: { nodeCount: options.kafkaNodes, ...portOf(options.kafkaPort) },
    registry: portOf(options.registryPort),
    redis: portOf(options.redisPort)
  })
  process.stdout.write(
    Object.entries(stack.environment())
      .map(([name, value]) => `export ${name}=${value}\n`)
      .join('')
  )
  const logs = [stack.kafka, stack.registry, stack.redis].flatMap(({ servers }) => servers)
  for (const { name, logFile } of logs) process.stderr.write(`log of ${name}: ${logFile}\n`)
  process.stderr.write('ready; copy the lines above into another terminal. Ctrl-C ends all.\n')

  await stopped
  process.stderr.write('stopping ...\n')
  await stack.stop()
  process.exit(0)
}

function portOf(port: number | undefined): { port?: number } {
  return port === undefined ? {} : { port }
}

/** Resolves at the first signal; a second one ends the program, and the watchdogs end the parts. */
function untilStopped(): Promise<void> {
  const keepAlive = setInterval(() => undefined, 60_000)
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        clearInterval(keepAlive)
        resolve()
      })
    }
  })
}

main().catch((error: unknown) => {
  process.stderr.write(`stack: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
