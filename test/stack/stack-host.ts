import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { startKafka } from '../../tools/stack/kafka.ts'
import type { Part } from '../../tools/stack/part.ts'
import { startRedis } from '../../tools/stack/redis.ts'
import { startRegistry } from '../../tools/stack/registry.ts'

interface RunningPart {
  readonly part: Part
  readonly address: string
}

const STARTERS: Readonly<Record<string, () => Promise<RunningPart>>> = {
  kafka: async () => {
    const part = await startKafka()
    return { part, address: part.brokers.join(',') }
  },
  registry: async () => {
    const part = await startRegistry()
    return { part, address: part.url }
  },
  redis: async () => {
    const part = await startRedis()
    return { part, address: part.url }
  }
}

/**
 * Holds the shared real parts in jest's main process. A test process writes a part's name to the Unix socket; the
 * first to do so has it started, and each gets the address once it is ready.
 */
export class StackHost {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-jest-'))
  readonly #started = new Map<string, Promise<RunningPart>>()
  readonly #server: Server = createServer((socket) => this.#answer(socket))

  get socketPath(): string {
    return path.join(this.#folder, 'stack.sock')
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.socketPath, resolve)
    })
    this.#server.unref()
  }

  async stop(): Promise<void> {
    this.#server.close()
    const results = await Promise.allSettled(this.#started.values())
    await Promise.all(
      results.map(async (result) => {
        if (result.status === 'fulfilled') await result.value.part.stop()
      })
    )
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #answer(socket: Socket): void {
    let request = ''
    socket.setEncoding('utf8')
    // A test process that ended while it waited is no trouble of the others.
    socket.on('error', () => undefined)
    socket.on('data', (chunk: string) => {
      request += chunk
      if (!request.endsWith('\n')) return
      this.#partOf(request.trim()).then(
        ({ address }) => socket.end(JSON.stringify({ address })),
        (error: unknown) => socket.end(JSON.stringify({ error: String(error) }))
      )
    })
  }

  #partOf(name: string): Promise<RunningPart> {
    const known = this.#started.get(name)
    if (known !== undefined) return known
    const start = STARTERS[name]
    if (start === undefined) return Promise.reject(new Error(`there is no part '${name}'`))
    const started = start()
    this.#started.set(name, started)
    return started
  }
}
