// The product on the real stack, as an operator runs it: eight sensors in three countries, each service one process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../adapters/package-root.ts'
import { type Configuration, readConfiguration } from '../../core/configuration.ts'
import { findFreePort } from '../../tools/stack/free-port.ts'
import { type Stack, startStack } from '../../tools/stack/stack.ts'
import { startWatchdog } from '../../tools/stack/watchdog.ts'

/** Ids of the sensors, each in the vantage of its country besides `all`. */
export const SENSORS: Readonly<Record<string, string>> = {
  'tokyo-1': 'JP',
  'seoul-1': 'KR',
  'taipei-1': 'TW',
  'osaka-1': 'JP',
  'busan-1': 'KR',
  'tainan-1': 'TW',
  'sendai-1': 'JP',
  'naha-1': 'JP'
}

const PARTITIONS = 8
const KAFKA_HEAP_MIB = 1024

/** A service's process. */
export interface ServiceProcess {
  readonly name: string
  readonly child: ChildProcess
  readonly logFile: string
}

/** Kafka, registry, Redis, topics, and services that are started when asked for. */
export class BenchDeployment {
  readonly stack: Stack
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly configuration: Configuration
  readonly #services: ServiceProcess[] = []

  private constructor(stack: Stack, folder: string) {
    this.stack = stack
    this.folder = folder
    const sensorsFile = join(folder, 'sensors.yaml')
    const sensors = Object.entries(SENSORS).map(
      ([id, country]) => `  - id: ${id}\n    country: ${country}\n    dark-space: [203.0.113.0/24]\n`
    )
    writeFileSync(sensorsFile, `sensors:\n${sensors.join('')}`)
    this.environment = {
      ...stack.environment(),
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      STORMPETREL_SENSORS_FILE: sensorsFile,
      STORMPETREL_SPOOL_FOLDER: join(folder, 'spool'),
      STORMPETREL_PARTITIONS: String(PARTITIONS),
      STORMPETREL_DAY_TIME_ZONES: 'Asia/Tokyo',
      // Captures are renamed when they are closed.
      STORMPETREL_FOLLOW_SETTLE_SECONDS: '0'
    }
    this.configuration = readConfiguration(this.environment)
  }

  /** Starts the stack and makes the topics. */
  static async open(): Promise<BenchDeployment> {
    const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-bench-'))
    const deployment = new BenchDeployment(await startStack({ kafka: { heapMib: KAFKA_HEAP_MIB } }), folder)
    const check = await deployment.start('check', ['check', '--apply'])
    await ended(check.child)
    if (check.child.exitCode !== 0) throw new Error(`check failed: ${readFileSync(check.logFile, 'utf8')}`)
    return deployment
  }

  /** Starts a verb; its output goes to a log in the folder, and its profile to one where one is given. */
  async start(
    name: string,
    args: readonly string[],
    profileFolder: string | null = null,
    settings: Readonly<Record<string, string>> = {}
  ): Promise<ServiceProcess> {
    const port = await findFreePort()
    const logFile = join(this.folder, `${name}.log`)
    const log = openSync(logFile, 'a')
    const child = spawn(
      process.execPath,
      [...profiling(profileFolder), join(packageRoot(), 'bin/stormpetrel.js'), ...args],
      {
        stdio: ['ignore', log, log],
        env: { ...this.environment, STORMPETREL_METRICS_PORT: String(port), ...settings },
        detached: true
      }
    )
    closeSync(log)
    await once(child, 'spawn')
    const watchdog = startWatchdog(child.pid!, undefined)
    child.once('exit', () => watchdog.kill('SIGKILL'))
    const service = { name, child, logFile }
    this.#services.push(service)
    return service
  }

  /** Throws, with the end of its log, where a service has ended by itself. */
  checkAlive(): void {
    const dead = this.#services.find(({ name, child }) => name !== 'check' && child.exitCode !== null)
    if (dead !== undefined) {
      throw new Error(`${dead.name} ended: ${readFileSync(dead.logFile, 'utf8').slice(-2000)}`)
    }
  }

  /** SIGTERM to every service, and waits for their ends. */
  async stopServices(): Promise<void> {
    for (const { child } of this.#services) if (child.exitCode === null) child.kill('SIGTERM')
    await Promise.all(this.#services.map(({ child }) => ended(child)))
    this.#services.length = 0
  }

  async close(): Promise<void> {
    await this.stopServices()
    await this.stack.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The process leaves a CPU profile there when it ends, for Chromium's developer tools and for profile.ts. */
function profiling(folder: string | null): string[] {
  return folder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
