import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { ServerProcess } from './server-process.ts'

/** Where a part keeps its data. */
export interface PartFolder {
  readonly path: string
  /** Made for this part alone, and deleted when it stops. */
  readonly isTemporary: boolean
}

/** The given folder, which is kept, or a fresh temporary one. */
export function openPartFolder(name: string, folder: string | undefined): PartFolder {
  if (folder === undefined) {
    return { path: mkdtempSync(path.join(os.tmpdir(), `stormpetrel-${name}-`)), isTemporary: true }
  }
  mkdirSync(folder, { recursive: true })
  return { path: path.resolve(folder), isTemporary: false }
}

/** One part of the real stack: its server processes and their folder. Addresses stay the same for its life. */
export class Part {
  readonly servers: readonly ServerProcess[]
  readonly #folder: PartFolder

  constructor(servers: readonly ServerProcess[], folder: PartFolder) {
    this.servers = servers
    this.#folder = folder
  }

  get folder(): string {
    return this.#folder.path
  }

  /** Process ids of the servers that run. */
  get pids(): readonly number[] {
    return this.servers.map(({ pid }) => pid).filter((pid) => pid !== undefined)
  }

  /** Starts every server that does not run, on the same ports and folder; resolves when all are ready. */
  async start(): Promise<void> {
    const results = await Promise.allSettled(this.servers.map((server) => server.start()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    await this.stop()
    throw failed.reason
  }

  /** Ends the servers in order and leaves their data, for `start()` later. */
  async halt(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
  }

  /** Ends the servers by SIGKILL, as a power cut does to processes, and leaves their data. */
  async kill9(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill9()))
  }

  /** Ends the servers, where they still run, and starts them with the same ports and data. */
  async restart(): Promise<void> {
    await this.halt()
    await this.start()
  }

  /** Ends the servers for good and deletes a temporary folder. May be called again. */
  async stop(): Promise<void> {
    await this.halt()
    if (this.#folder.isTemporary) rmSync(this.#folder.path, { recursive: true, force: true })
  }
}
