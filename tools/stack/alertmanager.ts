import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findFreePort } from './free-port.ts'
import { openPartFolder, Part, type PartFolder } from './part.ts'
import { expectOk } from './ready-page.ts'
import { ServerProcess } from './server-process.ts'

/** Where it sends what. */
export interface AlertmanagerOptions {
  /** alertmanager.yml, as text. */
  readonly config: string
  /** Kept after stop(); a temporary folder otherwise. */
  readonly folder?: string
}

/** Alertmanager, as {@link startAlertmanager} gives it. */
export class Alertmanager extends Part {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string

  constructor(servers: readonly ServerProcess[], folder: PartFolder, port: number) {
    super(servers, folder)
    this.url = `http://127.0.0.1:${port}`
  }
}

/** Starts the system's Alertmanager, alone in its cluster, and resolves when it says that it is ready. */
export async function startAlertmanager(options: AlertmanagerOptions): Promise<Alertmanager> {
  const port = await findFreePort()
  const folder = openPartFolder('alertmanager', options.folder)
  writeFileSync(path.join(folder.path, 'alertmanager.yml'), options.config)
  const server = new ServerProcess({
    name: 'alertmanager',
    folder: folder.path,
    temporaryFolder: folder.isTemporary ? folder.path : undefined,
    command: programName(),
    args: [
      '--config.file=alertmanager.yml',
      '--storage.path=data',
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address='
    ],
    readyLimitMs: 60_000,
    stopLimitMs: 10_000,
    checkReady: () => expectOk(`http://127.0.0.1:${port}/-/ready`)
  })
  const alertmanager = new Alertmanager([server], folder, port)
  await alertmanager.start()
  return alertmanager
}

/** Debian has renamed it. */
function programName(): string {
  const folders = (process.env['PATH'] ?? '').split(':')
  const isThere = (name: string): boolean => folders.some((folder) => existsSync(path.join(folder, name)))
  return isThere('prometheus-alertmanager') ? 'prometheus-alertmanager' : 'alertmanager'
}
