// A TCP proxy in front of a server: the cable that a chaos run cuts.
import { createServer, connect, type Server, type Socket } from 'node:net'
import { findFreePort } from '../stack/free-port.ts'

/**
 * How the network is cut. `refuse`: connections break, and new ones are refused. `silence`: they stay, and nothing gets
 * through. `deaf`: what clients send arrives, the answers do not, and then the connections break.
 */
export type CutKind = 'refuse' | 'silence' | 'deaf'

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

const PROBE_MS = 1000

/** Passes bytes both ways until it is cut; `start` listens, `stop` ends everything. */
export class TcpProxy {
  readonly #targetPort: number
  readonly #pairs = new Set<Pair>()
  #server: Server | undefined
  #cut: CutKind | null = null
  #port = 0

  constructor(targetPort: number) {
    this.#targetPort = targetPort
  }

  /** The port of 127.0.0.1 that clients are told. */
  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    this.#port = await findFreePort()
    const server = createServer((client) => this.#accept(client))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
  }

  stop(): Promise<void> {
    this.#breakAll()
    const server = this.#server
    this.#server = undefined
    return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
  }

  /** Begins a cut; answers how many connections it hit. */
  cut(kind: CutKind): number {
    this.#cut = kind
    const hit = this.#pairs.size
    if (kind === 'refuse') this.#breakAll()
    for (const pair of this.#pairs) this.#hold(pair, kind)
    return hit
  }

  /** Ends the cut. What was kept back by `silence` arrives late; after `deaf` the connections break. */
  mend(): void {
    const kind = this.#cut
    this.#cut = null
    if (kind === 'deaf') this.#breakAll()
    for (const { client, server } of this.#pairs) {
      client.resume()
      server.resume()
    }
  }

  /** Whether a connection that is made now is broken at once. */
  refusesConnections(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.#port, host: '127.0.0.1' })
      const timer = setTimeout(() => socket.destroy(), PROBE_MS)
      let isBroken = false
      socket.on('error', () => {
        isBroken = true
      })
      socket.on('end', () => {
        isBroken = true
      })
      socket.once('close', () => {
        clearTimeout(timer)
        resolve(isBroken)
      })
    })
  }

  #accept(client: Socket): void {
    client.on('error', () => client.destroy())
    if (this.#cut === 'refuse') {
      client.resetAndDestroy()
      return
    }
    const server = connect({ port: this.#targetPort, host: '127.0.0.1', noDelay: true })
    client.setNoDelay(true)
    const pair = { client, server }
    this.#pairs.add(pair)
    const end = (): void => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      socket.on('error', end)
      socket.on('close', end)
    }
    pipe(client, server)
    server.on('data', (bytes) => {
      // Answers to a deaf client are lost: that is what "was it done or not" is made of.
      if (this.#cut === 'deaf') return
      if (!client.write(bytes)) {
        server.pause()
        client.once('drain', () => {
          if (this.#cut !== 'silence') server.resume()
        })
      }
    })
    if (this.#cut !== null) this.#hold(pair, this.#cut)
  }

  #hold({ client, server }: Pair, kind: CutKind): void {
    if (kind !== 'silence') return
    client.pause()
    server.pause()
  }

  #breakAll(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.destroy()
    }
    this.#pairs.clear()
  }
}

function pipe(from: Socket, to: Socket): void {
  from.on('data', (bytes) => {
    if (to.write(bytes)) return
    from.pause()
    to.once('drain', () => from.resume())
  })
}
