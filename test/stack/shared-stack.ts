// One real stack for a whole jest run: started by the first test that asks, ended by jest's global teardown.
import { connect } from 'node:net'
import { SOCKET_VARIABLE, type StackAddresses } from './addresses.ts'

/** Starts, once a run, Kafka, the schema registry and Redis, and gives their addresses. */
export async function sharedStack(): Promise<StackAddresses> {
  const [kafkaBrokers, registryUrl, redisUrl] = await Promise.all([
    sharedKafka(),
    sharedRegistry(),
    sharedRedis()
  ])
  return { kafkaBrokers, registryUrl, redisUrl }
}

/** Kafka's bootstrap addresses. Callers choose topic names and groups that no other test has. */
export async function sharedKafka(): Promise<readonly string[]> {
  return (await askGlobalSetup('kafka')).split(',')
}

/** The registry's base URL (Confluent API). Callers choose subjects that no other test has. */
export function sharedRegistry(): Promise<string> {
  return askGlobalSetup('registry')
}

/** Redis's URL. Callers choose a key namespace that no other test has, and never flush. */
export function sharedRedis(): Promise<string> {
  return askGlobalSetup('redis')
}

/** Test files run in processes of their own, which come and go; jest's main process holds the parts. */
function askGlobalSetup(part: string): Promise<string> {
  const socketPath = process.env[SOCKET_VARIABLE]
  if (socketPath === undefined)
    throw new Error(`${SOCKET_VARIABLE} is not set: run tests by jest with its config`)
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(socketPath, () => socket.write(`${part}\n`))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('error', reject)
    socket.on('end', () => {
      const { address, error } = JSON.parse(answer) as { address?: string; error?: string }
      if (address === undefined) reject(new Error(`the shared ${part} did not start: ${error}`))
      else resolve(address)
    })
  })
}
