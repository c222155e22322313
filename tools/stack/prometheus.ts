import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findFreePort } from './free-port.ts'
import { openPartFolder, Part, type PartFolder } from './part.ts'
import { expectOk } from './ready-page.ts'
import { ServerProcess } from './server-process.ts'

/** What it scrapes and evaluates. */
export interface PrometheusOptions {
  /** prometheus.yml, as text; it may name `rules/*.yml`. Given the port, so that it can scrape itself. */
  readonly config: (port: number) => string
  /** Rule files by name, put into the folder `rules` beside it. */
  readonly rules: Readonly<Record<string, string>>
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
}

/** Starts the system's prometheus and resolves when it says that it is ready. It sends an alert again every second. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const port = await findFreePort()
  const folder = openPartFolder('prometheus', options.folder)
  const rules = path.join(folder.path, 'rules')
  mkdirSync(rules, { recursive: true })
  for (const [name, text] of Object.entries(options.rules)) writeFileSync(path.join(rules, name), text)
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
    readyLimitMs: 60_000,
    stopLimitMs: 10_000,
    checkReady: () => expectOk(`http://127.0.0.1:${port}/-/ready`)
  })
  const prometheus = new Prometheus([server], folder, port)
  await prometheus.start()
  return prometheus
}
