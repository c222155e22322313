// The small HTTP server that every service has: fixed routes, GET only.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { StormpetrelError } from '../../core/errors.ts'

/** Answers one GET request; the server has checked method and path. */
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** Where a server listens and what it answers, by path. */
export interface HttpServerOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly routes: Readonly<Record<string, Route>>
}

/** `start` answers the URL; `stop` ends open connections too, and is idempotent. */
export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server
  #url = ''

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => {
        // The page went away, or a route failed: neither may end the service.
        response.destroy()
      })
    })
  }

  /** Where it listens, once started. */
  get url(): string {
    return this.#url
  }

  /** Listens; throws SP_LISTEN where the address is taken or is none of this machine's. */
  async start(): Promise<string> {
    const { host, port } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(
          new StormpetrelError(
            'SP_LISTEN',
            `cannot listen on ${host}:${port}: ${error.message}; end what listens there, or choose another host or port (STORMPETREL_HTTP_PORT, STORMPETREL_METRICS_PORT)`
          )
        )
      })
      this.#server.listen(port, host, () => resolve())
    })
    const address = this.#server.address()
    const actualPort = typeof address === 'object' && address !== null ? address.port : port
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`
    return this.#url
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const route = this.#options.routes[path]
    if (route === undefined) return respond(response, 404, 'text/plain; charset=utf-8', 'not found\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return respond(response, 405, 'text/plain; charset=utf-8', 'only GET\n')
    }
    await route(request, response)
  }
}

/** Ends a response with a body and the headers that every answer has. */
export function respond(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store'
  })
  response.end(body)
}
