import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { Kafka as KafkaClient, logLevel } from 'kafkajs'
import { checkoutFolder, findJars, findJava } from './checkout.ts'
import { findFreePort } from './free-port.ts'
import { openPartFolder, Part, type PartFolder } from './part.ts'
import { ServerProcess } from './server-process.ts'

/** Every setting has a default. */
export interface KafkaOptions {
  /** Kept after stop(); a temporary folder otherwise. */
  readonly folder?: string
  /** Port of the first broker; free ones otherwise. */
  readonly port?: number
  /** Nodes of the KRaft cluster, each broker and controller; 1 by default. */
  readonly nodeCount?: number
  /** Heap of each node in MiB; 512 by default. */
  readonly heapMib?: number
  /**
   * Port that clients are told to connect to, such as a proxy's, on a cluster of one node; the broker's own by default.
   */
  readonly advertisedPort?: number
  /** Lines of server.properties beside, or instead of, the launcher's own. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Apache Kafka, as {@link startKafka} gives it. */
export class Kafka extends Part {
  /** `127.0.0.1:PORT` of each broker. */
  readonly brokers: readonly string[]

  constructor(servers: readonly ServerProcess[], folder: PartFolder, brokers: readonly string[]) {
    super(servers, folder)
    this.brokers = brokers
  }
}

interface Node {
  readonly id: number
  readonly port: number
  /** That clients are told. */
  readonly advertisedPort: number
  readonly controllerPort: number
  readonly folder: string
}

const MIN_JAVA = 17
const DEFAULT_HEAP_MIB = 512
const execute = promisify(execFile)

/** Starts Kafka and resolves when every broker answers and the group coordinator works. */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const [java, jars] = await Promise.all([findJava(MIN_JAVA), findJars()])
  const classPath = path.join(jars.kafkaLib, '*')
  const folder = openPartFolder('kafka', options.folder)
  const nodes = await Promise.all(
    Array.from({ length: options.nodeCount ?? 1 }, async (_, index) => {
      const port = index === 0 && options.port !== undefined ? options.port : await findFreePort()
      return {
        id: index + 1,
        port,
        advertisedPort: options.advertisedPort ?? port,
        controllerPort: await findFreePort(),
        folder: path.join(folder.path, `node-${index + 1}`)
      }
    })
  )
  const clusterId = clusterIdOf(folder.path)
  await Promise.all(
    nodes.map(async (node) => {
      const settings = { ...settingsOf(node, nodes), ...options.settings }
      await format(java, classPath, node, settings, clusterId)
    })
  )
  const heapMib = options.heapMib ?? DEFAULT_HEAP_MIB
  const servers = nodes.map((node) => nodeProcess(java, classPath, node, folder, heapMib))
  const brokers = nodes.map(({ advertisedPort }) => `127.0.0.1:${advertisedPort}`)
  const kafka = new Kafka(servers, folder, brokers)
  await kafka.start()
  return kafka
}

/** The cluster's id is part of its data: a kept folder keeps it. */
function clusterIdOf(folder: string): string {
  const file = path.join(folder, 'cluster-id')
  // A first character of its own: the formatting tool takes an id that begins with `-` for an option.
  if (!existsSync(file)) writeFileSync(file, `S${randomBytes(16).toString('base64url').slice(1)}`)
  return readFileSync(file, 'utf8')
}

function settingsOf(node: Node, nodes: readonly Node[]): Record<string, string> {
  const replicas = `${Math.min(3, nodes.length)}`
  const minInSync = `${Math.min(2, nodes.length)}`
  return {
    'process.roles': 'broker,controller',
    'node.id': `${node.id}`,
    'controller.quorum.voters': nodes
      .map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`)
      .join(','),
    listeners: `PLAINTEXT://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${node.advertisedPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': path.join(node.folder, 'data'),
    // A misspelt topic must be an error, and ours are made with their own settings.
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replicas,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minInSync,
    // Few partitions and small buffers: 50 logs to open and 128 MB are for bigger clusters.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'log.cleaner.dedupe.buffer.size': `${16 * 1024 * 1024}`,
    // Groups form at once, and a test may let a killed member's session end in a second.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000'
  }
}

/** Writes server.properties anew (ports may differ from last time) and formats data folders that are not yet. */
async function format(
  java: string,
  classPath: string,
  node: Node,
  settings: Readonly<Record<string, string>>,
  clusterId: string
): Promise<void> {
  mkdirSync(node.folder, { recursive: true })
  const file = path.join(node.folder, 'server.properties')
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  const jvm = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', logging(), '-cp', classPath]
  const tool = ['kafka.tools.StorageTool', 'format', '--ignore-formatted', '-t', clusterId, '-c', file]
  await execute(java, [...jvm, ...tool])
}

function logging(): string {
  return `-Dlog4j2.configurationFile=${path.join(checkoutFolder(), 'tools/stack/log4j2.properties')}`
}

function nodeProcess(
  java: string,
  classPath: string,
  node: Node,
  folder: PartFolder,
  heapMib: number
): ServerProcess {
  const file = path.join(node.folder, 'server.properties')
  return new ServerProcess({
    name: `kafka node ${node.id}`,
    folder: node.folder,
    temporaryFolder: folder.isTemporary ? folder.path : undefined,
    command: java,
    args: [`-Xmx${heapMib}m`, logging(), '-cp', classPath, 'kafka.Kafka', file],
    readyLimitMs: 90_000,
    stopLimitMs: 20_000,
    checkReady: () => checkBroker(node)
  })
}

/**
 * The broker is a member of its cluster and finds a group coordinator that has loaded its groups. That last step
 * comes a second or two after the port opens; until then consumers fail to join.
 */
async function checkBroker({ port, advertisedPort }: Node): Promise<void> {
  const client = new KafkaClient({
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 5000,
    retry: { retries: 0 }
  })
  const admin = client.admin()
  try {
    await admin.connect()
    const { brokers } = await admin.describeCluster()
    if (!brokers.some((broker) => broker.port === advertisedPort))
      throw new Error('the broker is not registered yet')
    await admin.fetchOffsets({ groupId: 'stack-ready' })
  } finally {
    await admin.disconnect()
  }
}
