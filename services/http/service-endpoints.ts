// /metrics, /healthz and /readyz of a service.
import type { Exposition } from '../metrics/exposition.ts'
import { HttpServer, respond, type Route } from './http-server.ts'

/** The routes that every service answers. `isReady` is asked at each call of /readyz. */
export function serviceRoutes(exposition: Exposition, isReady: () => boolean): Record<string, Route> {
  return {
    '/metrics': async (_request, response) =>
      respond(response, 200, exposition.contentType, await exposition.text()),
    '/healthz': (_request, response) => respond(response, 200, 'text/plain; charset=utf-8', 'ok\n'),
    '/readyz': (_request, response) => {
      const ready = isReady()
      respond(response, ready ? 200 : 503, 'text/plain; charset=utf-8', ready ? 'ready\n' : 'starting\n')
    }
  }
}

/** The server of a service that has no pages. */
export function createServiceServer(
  address: { readonly host: string; readonly port: number },
  exposition: Exposition,
  isReady: () => boolean
): HttpServer {
  return new HttpServer({ ...address, routes: serviceRoutes(exposition, isReady) })
}
