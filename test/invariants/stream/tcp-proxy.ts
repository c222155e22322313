// A proxy between a service and a server, which can be pointed elsewhere and can swallow what comes.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Listens on a port of its own of 127.0.0.1, and passes everything on to another one. */
export class TcpProxy {
  readonly #server: Server = createServer((client) => this.#accept(client))
  readonly #sockets = new Set<Socket>()
  #targetPort: number
  #isSwallowing = false
  #swallowedBytes = 0

  constructor(targetPort: number) {
    this.#targetPort = targetPort
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Bytes that were taken and never passed on. */
  get swallowedBytes(): number {
    return this.#swallowedBytes
  }

  /** New connections go to this port; those there are end. */
  switchTo(port: number): void {
    this.#targetPort = port
    this.cut()
  }

  /** Ends every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** From now on nothing comes through, and no connection is closed: what a dead switch on the way does. */
  swallow(): void {
    this.#isSwallowing = true
  }

  /** Passes on again. What was swallowed is missing from the connections, so they end. */
  passOn(): void {
    this.#isSwallowing = false
    this.cut()
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  #accept(client: Socket): void {
    const server = connect(this.#targetPort, '127.0.0.1')
    this.#pass(client, server)
    this.#pass(server, client)
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('data', (bytes: Buffer) => {
      if (this.#isSwallowing) this.#swallowedBytes += bytes.length
      else to.write(bytes)
    })
    // Its end is told to the other side by the close that follows.
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#sockets.delete(from)
      if (!this.#isSwallowing) to.destroy()
    })
  }
}
