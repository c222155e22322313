// Stands before the real registry and, while it is shut, breaks off every connection.
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export class RegistryGate {
  isShut = false
  /** Requests that were broken off. */
  refused = 0
  readonly url: string
  readonly #server: Server

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  static async open(registryUrl: string): Promise<RegistryGate> {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const target = new URL(registryUrl)
    const { port } = server.address() as AddressInfo
    const gate = new RegistryGate(server, `http://127.0.0.1:${port}${target.pathname}`)
    server.on('request', (incoming, answer) => {
      if (gate.isShut) {
        gate.refused += 1
        incoming.socket.destroy()
        return
      }
      const { method, headers, url } = incoming
      const onward = request(
        { host: target.hostname, port: target.port, path: url, method, headers },
        (reply) => {
          answer.writeHead(reply.statusCode ?? 500, reply.headers)
          reply.pipe(answer)
        }
      )
      incoming.pipe(onward)
    })
    return gate
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }
}
