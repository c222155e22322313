// The product as it is run: four sensors that follow folders, two taggers, two aggregators, each under a supervisor.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { NO_LOG } from '../../adapters/log.ts'
import type { RedisStore } from '../../adapters/redis-store.ts'
import type { Bus } from '../../core/bus.ts'
import { type Configuration, readConfiguration } from '../../core/configuration.ts'
import { createBus, createStore, groupOf } from '../../services/connections.ts'
import { findFreePort } from '../stack/free-port.ts'
import { SupervisedProcess } from './supervised-process.ts'

/** A sensor, as sensors.yaml declares it. */
export interface SensorPlace {
  readonly id: string
  readonly country: string
  /** The first three octets of its /24, as one number. */
  readonly darkPrefix: number
}

export const SENSORS: readonly SensorPlace[] = [
  { id: 'tokyo-1', country: 'JP', darkPrefix: 0x853201 },
  { id: 'osaka-1', country: 'JP', darkPrefix: 0x853202 },
  { id: 'seoul-1', country: 'KR', darkPrefix: 0xd2d903 },
  { id: 'busan-1', country: 'KR', darkPrefix: 0xd2d904 }
]

export const DAY_ZONES = ['UTC', 'Asia/Tokyo']

/** Where a deployment lies and how it reaches its servers. */
export interface DeploymentOptions {
  /** The product's folder: bin/ and dist/. */
  readonly product: string
  readonly folder: string
  /** Has a folder of captures for each sensor, by its id. */
  readonly captures: string
  readonly topicPrefix: string
  /** Addresses for the processes, and for the harness. */
  readonly servers: { readonly processes: Record<string, string>; readonly harness: Record<string, string> }
}

const SETTLE_SECONDS = '0.5'
const execute = promisify(execFile)

/** The processes of one topic prefix. Nothing runs before `startSensors` and `startWorkers`. */
export class ChaosDeployment {
  readonly configuration: Configuration
  readonly sensors: SupervisedProcess[] = []
  readonly taggers: SupervisedProcess[] = []
  readonly aggregators: SupervisedProcess[] = []
  /** Those that came and went. */
  readonly extras: SupervisedProcess[] = []
  readonly #options: DeploymentOptions
  readonly #settings: Readonly<Record<string, string>>
  readonly #metricsPorts = new Map<string, number>()

  constructor(options: DeploymentOptions) {
    this.#options = options
    mkdirSync(options.folder, { recursive: true })
    const sensorsFile = path.join(options.folder, 'sensors.yaml')
    writeFileSync(sensorsFile, sensorsYaml())
    this.#settings = {
      STORMPETREL_TOPIC_PREFIX: options.topicPrefix,
      STORMPETREL_SENSORS_FILE: sensorsFile,
      STORMPETREL_DAY_TIME_ZONES: DAY_ZONES.filter((zone) => zone !== 'UTC').join(','),
      STORMPETREL_SPOOL_FOLDER: path.join(options.folder, 'spool'),
      STORMPETREL_FOLLOW_SETTLE_SECONDS: SETTLE_SECONDS
    }
    this.configuration = readConfiguration({ ...this.#settings, ...options.servers.harness })
  }

  get processes(): readonly SupervisedProcess[] {
    return [...this.sensors, ...this.taggers, ...this.aggregators, ...this.extras]
  }

  async startWorkers(count: number): Promise<void> {
    for (let i = 1; i <= count; i++) {
      this.taggers.push(await this.make(`tagger-${i}`, ['tagger']))
      this.aggregators.push(await this.make(`aggregator-${i}`, ['aggregator']))
    }
    for (const process of [...this.taggers, ...this.aggregators]) process.start()
  }

  async startSensors(): Promise<void> {
    for (const { id } of SENSORS) {
      const folder = path.join(this.#options.captures, id)
      this.sensors.push(await this.make(`sensor-${id}`, ['sensor', '--sensor', id, '--follow', folder]))
    }
    for (const process of this.sensors) process.start()
  }

  /** A process that is not started yet. */
  async make(name: string, args: readonly string[]): Promise<SupervisedProcess> {
    const { product, folder, servers } = this.#options
    const port = await findFreePort()
    this.#metricsPorts.set(name, port)
    const own = { STORMPETREL_METRICS_PORT: `${port}` }
    const environment = { ...inherited(), ...this.#settings, ...servers.processes, ...own }
    return new SupervisedProcess({ name, product, args, environment, logFolder: folder })
  }

  /** A verb that ends, past the cables. Rejects, with what it said, where it exits other than 0. */
  async call(...args: readonly string[]): Promise<string> {
    const { product, servers } = this.#options
    const environment = { ...inherited(), ...this.#settings, ...servers.harness }
    const { stdout } = await execute(process.execPath, [path.join(product, 'bin/stormpetrel.js'), ...args], {
      env: environment,
      maxBuffer: 1 << 30
    })
    return stdout
  }

  store(): RedisStore {
    return createStore(this.configuration, null, 'read')
  }

  bus(): Bus {
    return createBus(this.configuration, null, ['packets.raw', 'packets.enriched'], NO_LOG)
  }

  group(service: 'tagger' | 'aggregator'): string {
    return groupOf(this.configuration, null, service)
  }

  /** A metric of a process, null where it does not answer. */
  async metric(process: SupervisedProcess, name: string): Promise<number | null> {
    try {
      const url = `http://127.0.0.1:${this.#metricsPorts.get(process.name)}/metrics`
      const body = await (await fetch(url, { signal: AbortSignal.timeout(3000) })).text()
      const line = body.split('\n').find((each) => each.startsWith(`${name}{`) || each.startsWith(`${name} `))
      return line === undefined ? null : Number(line.slice(line.lastIndexOf(' ')))
    } catch {
      // It is being started again, or stopped.
      return null
    }
  }

  /** Stops all, in the order of the stream. */
  async stop(): Promise<void> {
    await Promise.all(this.sensors.map((each) => each.stop()))
    await Promise.all([...this.taggers, ...this.aggregators, ...this.extras].map((each) => each.stop()))
  }

  /** Ends all, at once. */
  async end(): Promise<void> {
    await Promise.all(this.processes.map((each) => each.end()))
  }
}

function sensorsYaml(): string {
  return `sensors:\n${SENSORS.map(sensorYaml).join('')}`
}

function sensorYaml({ id, country, darkPrefix }: SensorPlace): string {
  return `  - id: ${id}\n    country: ${country}\n    dark-space: [${octets(darkPrefix)}.0/24]\n`
}

function octets(prefix: number): string {
  return [prefix >>> 16, (prefix >>> 8) & 0xff, prefix & 0xff].join('.')
}

/** Our environment, less the settings of whoever started us. */
function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('STORMPETREL_'))
  return Object.fromEntries(entries) as Record<string, string>
}
