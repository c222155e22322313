// A deployment of its own on the shared real stack: told apart by its topic prefix, and ended with all its processes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import { freshPrefix } from '../../adapters/kafkajs/test-bus.ts'
import { type CliResult, stormpetrel } from '../../cli/collected-output.ts'
import { environmentOf, type StackAddresses } from '../../stack/addresses.ts'
import { sharedStack } from '../../stack/shared-stack.ts'
import { Program } from './program.ts'

/** The sensor of these deployments, in a vantage besides `all`. */
export const SENSOR = 'tokyo-1'

const SENSORS_YAML = `sensors:
  - id: ${SENSOR}
    country: JP
    dark-space: [203.0.113.0/24]
`

/** Where the parts are, the environment that names them, and what was started there. */
export class Deployment {
  readonly addresses: StackAddresses
  readonly topicPrefix = freshPrefix()
  /** For files that a test makes; deleted at the end. */
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-deployment-'))
  readonly environment: Readonly<Record<string, string>>
  readonly #programs: Program[] = []

  constructor(addresses: StackAddresses, settings: Readonly<Record<string, string>>) {
    this.addresses = addresses
    const sensorsFile = path.join(this.folder, 'sensors.yaml')
    writeFileSync(sensorsFile, SENSORS_YAML)
    this.environment = {
      ...environmentOf(addresses),
      STORMPETREL_TOPIC_PREFIX: this.topicPrefix,
      STORMPETREL_SENSORS_FILE: sensorsFile,
      STORMPETREL_METRICS_PORT: '0',
      STORMPETREL_SPOOL_FOLDER: path.join(this.folder, 'spool'),
      ...settings
    }
  }

  /** Calls a verb that ends soon, in this process. */
  call(...args: readonly string[]): Promise<CliResult> {
    return stormpetrel(args, this.environment)
  }

  /** Starts a verb as a process. */
  start(args: readonly string[], settings: Readonly<Record<string, string>> = {}): Program {
    const program = new Program(args, { ...this.environment, ...settings })
    this.#programs.push(program)
    return program
  }

  /** Starts a service, and resolves when it is ready. */
  async startReady(
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {}
  ): Promise<Program> {
    const program = this.start(args, settings)
    await program.ready()
    return program
  }

  /** Plays files into a run with workers in that one process. */
  async replay(run: string, files: readonly string[], ...options: readonly string[]) {
    return await this.start(['replay', '--run', run, '--sensor', SENSOR, ...options, ...files]).ended
  }

  /** What Redis holds of this deployment: each key's value as text, whatever order Redis keeps it in. */
  async redisValues(isMeant: (key: string) => boolean = () => true): Promise<Map<string, string>> {
    const redis = new Redis(this.addresses.redisUrl)
    try {
      const keys = new Set<string>()
      for await (const found of redis.scanStream({
        match: `stormpetrel/${this.topicPrefix}:*`,
        count: 5000
      })) {
        for (const key of (found as string[]).filter(isMeant)) keys.add(key)
      }
      return new Map(
        await Promise.all([...keys].map(async (key) => [key, await storedValue(redis, key)] as const))
      )
    } finally {
      redis.disconnect()
    }
  }

  /** Topics in Kafka of this deployment. */
  async topics(): Promise<string[]> {
    const admin = new Kafka({
      brokers: [...this.addresses.kafkaBrokers],
      logLevel: logLevel.NOTHING
    }).admin()
    await admin.connect()
    try {
      return (await admin.listTopics()).filter((name) => name.startsWith(this.topicPrefix)).sort()
    } finally {
      await admin.disconnect()
    }
  }

  /** Kills what still runs. */
  async end(): Promise<void> {
    for (const program of this.#programs) program.kill('SIGKILL')
    await Promise.all(this.#programs.map(({ ended }) => ended))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

async function storedValue(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'hash':
      return JSON.stringify(Object.entries(await redis.hgetall(key)).sort(([a], [b]) => (a < b ? -1 : 1)))
    case 'set':
      return JSON.stringify((await redis.smembers(key)).sort())
    case 'zset':
      return JSON.stringify(await redis.zrange(key, '0', '-1', 'WITHSCORES'))
    default:
      return (await redis.getBuffer(key))?.toString('base64') ?? 'none'
  }
}

/** A deployment that no other test has, on the stack that all share. */
export async function freshDeployment(settings: Readonly<Record<string, string>> = {}): Promise<Deployment> {
  return new Deployment(await sharedStack(), settings)
}
