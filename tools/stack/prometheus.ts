import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from './free-port.ts'
import { openPartFolder, Part, type PartFolder } from './part.ts'
import { expectOk } from './ready-page.ts'
import { ServerProcess } from './server-process.ts'

/** What it scrapes and evaluates. */
export interface PrometheusOptions {
  /** prometheus.yml, as text; it may name `rules/*.yml` (`useRules`). Given the port, so that it can scrape itself. */
  readonly config: (port: number) => string
  /** Kept after stop(); a temporary folder otherwise. */
  readonly folder?: string
}

/** Prometheus, as {@link startPrometheus} gives it. */
export class Prometheus extends Part {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string

  constructor(servers: readonly ServerProcess[], folder: PartFolder, port: number) {
    super(servers, folder)
    this.url = `http://127.0.0.1:${port}`
  }

  /** Takes these rule files instead of those that it has, and resolves when it has read them. */
  async useRules(rules: Readonly<Record<string, string>>): Promise<void> {
    const folder = path.join(this.folder, 'rules')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    for (const [name, text] of Object.entries(rules)) writeFileSync(path.join(folder, name), text)
    for (const pid of this.pids) process.kill(pid, 'SIGHUP')
    await this.#until('it has read its rules', '/api/v1/rules', ({ groups = [] }) => {
      return groups.length > 0 || Object.keys(rules).length === 0
    })
  }

  /** Resolves when every target was scraped, well or not, and Alertmanager is found: it needs five seconds to begin. */
  async scraped(): Promise<void> {
    await this.#until('it has found Alertmanager', '/api/v1/alertmanagers', (data) => {
      return (data.activeAlertmanagers ?? []).length > 0
    })
    await this.#until('it has scraped', '/api/v1/targets', ({ activeTargets = [] }) => {
      return activeTargets.length > 0 && activeTargets.every(({ health }) => health !== 'unknown')
    })
  }

  async #until(what: string, page: string, holds: (data: ApiData) => boolean): Promise<void> {
    const deadline = Date.now() + READY_LIMIT_MS
    for (;;) {
      const answer = await fetch(`${this.url}${page}`)
      if (holds(((await answer.json()) as { data: ApiData }).data)) return
      if (Date.now() > deadline) throw new Error(`prometheus: not so in time: ${what}`)
      await delay(POLL_MS)
    }
  }
}

/** What the pages of Prometheus's API answer that are asked here. */
interface ApiData {
  readonly groups?: readonly unknown[]
  readonly activeAlertmanagers?: readonly unknown[]
  readonly activeTargets?: readonly { readonly health: string }[]
}

const POLL_MS = 100
const READY_LIMIT_MS = 60_000

/**
 * Starts the system's prometheus, without rules, and resolves when it says that it is ready. It sends an alert again every
 * second.
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const port = await findFreePort()
  const folder = openPartFolder('prometheus', options.folder)
  writeFileSync(path.join(folder.path, 'prometheus.yml'), options.config(port))
  const server = new ServerProcess({
    name: 'prometheus',
    folder: folder.path,
    temporaryFolder: folder.isTemporary ? folder.path : undefined,
    command: 'prometheus',
    args: [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      `--web.listen-address=127.0.0.1:${port}`,
      '--rules.alert.resend-delay=1s'
    ],
    readyLimitMs: READY_LIMIT_MS,
    stopLimitMs: 10_000,
    checkReady: () => expectOk(`http://127.0.0.1:${port}/-/ready`)
  })
  const prometheus = new Prometheus([server], folder, port)
  await prometheus.start()
  return prometheus
}
