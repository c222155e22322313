// A Redis Cluster of native processes: three masters, each with a replica.
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findFreePort } from './free-port.ts'
import { type Redis, startRedis } from './redis.ts'

/** Six nodes; `stop` ends them all. */
export interface RedisCluster {
  readonly nodes: readonly Redis[]
  /** The nodes' URLs by commas, as STORMPETREL_REDIS_URL takes a cluster. */
  readonly url: string
  stop(): Promise<void>
}

const NODES = 6
const READY_LIMIT_MS = 30_000
const execute = promisify(execFile)

/** Starts six servers, joins them, and resolves when every slot is served and every replica has its data. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  // A replica that has not its master's data yet does not take over.
  args.push('--repl-diskless-sync-delay', '0')
  const nodes: Redis[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    const addresses: string[] = []
    for (let i = 0; i < NODES; i++) {
      // The nodes' own port is 10,000 above the clients' otherwise, where an outgoing connection may have it.
      const busPort = await findFreePort()
      const node = await startRedis({ args: [...args, '--cluster-port', `${busPort}`] })
      nodes.push(node)
      addresses.push(`127.0.0.1:${node.port}@${busPort}`)
    }
    await execute('redis-cli', [
      '--cluster',
      'create',
      ...addresses,
      '--cluster-replicas',
      '1',
      '--cluster-yes'
    ])
    await Promise.all(nodes.map(({ port }) => untilServed(port)))
  } catch (error) {
    await stop()
    throw error
  }
  return { nodes, url: nodes.map(({ url }) => url).join(','), stop }
}

/** Every node must know of all before clients ask it. */
async function untilServed(port: number): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS
  for (;;) {
    const ask = (...words: string[]) => execute('redis-cli', ['-p', String(port), ...words])
    const { stdout: cluster } = await ask('cluster', 'info')
    const { stdout: replication } = await ask('info', 'replication')
    const isJoined = /cluster_state:ok/.test(cluster) && /cluster_known_nodes:6/.test(cluster)
    if (isJoined && /role:master|master_link_status:up/.test(replication)) return
    if (Date.now() > deadline) throw new Error(`the cluster is not ready in time: ${cluster}${replication}`)
    await delay(100)
  }
}
