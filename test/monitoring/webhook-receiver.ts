// What Alertmanager sends to: keeps every alert of every notification, by the path that it came on.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An alert of a notification. */
export interface ReceivedAlert {
  readonly receiver: string
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** `start` answers its URL; the receiver's name is the last part of the path. */
export class WebhookReceiver {
  readonly received: ReceivedAlert[] = []
  readonly #server: Server = createServer((request, response) => void this.#take(request, response))

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** `name status` of what one receiver got, each once, in order of arrival. */
  told(receiver: string): string[] {
    const mine = this.received.filter((alert) => alert.receiver === receiver)
    return [...new Set(mine.map(({ status, labels }) => `${nameOf(labels)} ${status}`))]
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk as string
    const { alerts } = JSON.parse(body) as { alerts: Omit<ReceivedAlert, 'receiver'>[] }
    const receiver = request.url!.slice(1)
    this.received.push(...alerts.map((alert) => ({ ...alert, receiver })))
    response.end()
  }
}

/** The alert's name without the product's, and what it is about. */
export function nameOf(labels: Readonly<Record<string, string>>): string {
  const about = labels['sensor'] ?? labels['series'] ?? labels['job'] ?? labels['service']
  const name = labels['alertname']!.replace('Stormpetrel', '')
  return about === undefined ? name : `${name}(${about})`
}
