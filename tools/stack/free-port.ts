import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const LOWEST = 10_000
/** Below the ephemeral range of Linux (32768) and macOS (49152). */
const DEFAULT_HIGHEST = 32_000

const given = new Set<number>()

/**
 * A TCP port of 127.0.0.1 on which nothing listens, each given once in this process. It is taken from below the
 * ephemeral range: a server that restarts on an ephemeral port can find it taken by somebody's outgoing
 * connection, and a client that dials such a port while its server is down can connect to itself.
 */
export async function findFreePort(): Promise<number> {
  const count = highestPort() - LOWEST
  for (let tries = 0; tries < 1000; tries++) {
    const port = LOWEST + Math.floor(Math.random() * count)
    if (given.has(port) || !(await canListen(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`no free port between ${LOWEST} and ${LOWEST + count} on 127.0.0.1`)
}

function highestPort(): number {
  if (process.platform !== 'linux') return DEFAULT_HIGHEST
  const firstEphemeral = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s/)[0])
  // A machine may be set to use nearly all ports; then there is no better half to choose from.
  return firstEphemeral > LOWEST + 5_000 ? firstEphemeral : DEFAULT_HIGHEST
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
