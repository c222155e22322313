// A sensor on a live interface, real scanners before it and the real stack behind it: every probe is counted under its
// tool's tag, and what the packets carried never leaves the sensor.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect } from '@jest/globals'
import { parseLines } from '../cli/collected-output.ts'
import { namespaceTest } from '../netns/namespace-test.ts'
import { DARK_SPACE, type TelescopeNetwork, withTelescopeNetwork } from '../netns/network.ts'
import { runMasscan, runZmap } from '../netns/scanners.ts'
import { type Deployment, freshDeployment, SENSOR } from './stack/deployment.ts'
import { eventually } from './stack/eventually.ts'
import type { Program } from './stack/program.ts'

/** Longer than all waits in a test together: the one that fails says what it waited for. */
const TIMEOUT_MS = 300_000
const PROBES = 256
const LOADED = 5
/** What the loaded packets carry; longer than any header that is kept. */
const PAYLOAD = 'nobody-may-read-this-payload '

let deployment: Deployment
let aggregator: Program

beforeAll(async () => {
  deployment = await freshDeployment()
  expect((await deployment.call('check', '--apply')).exitCode).toBe(0)
  await deployment.startReady(['tagger'])
  aggregator = await deployment.startReady(['aggregator'])
})

afterAll(() => deployment.end())

/** A `tcpdump` on PATH that enters the namespace: as with sudo or setcap, the child alone is privileged. */
function pathWithTcpdumpIn(network: TelescopeNetwork): string {
  const folder = path.join(deployment.folder, 'bin')
  mkdirSync(folder, { recursive: true })
  const script = path.join(folder, 'tcpdump')
  writeFileSync(script, `#!/bin/sh\nexec ${network.sensorCommand(['/usr/bin/tcpdump']).join(' ')} "$@"\n`)
  chmodSync(script, 0o755)
  return `${folder}:${process.env.PATH}`
}

/** Sends packets that carry the payload: TCP SYN, UDP and ICMP echo, LOADED of each. */
async function sendLoaded(network: TelescopeNetwork): Promise<void> {
  const file = path.join(deployment.folder, 'payload')
  writeFileSync(file, PAYLOAD.repeat(5))
  for (const kind of [['-S', '-p', '80'], ['--udp', '-p', '161'], ['--icmp']]) {
    const load = ['-q', ...kind, '-d', '200', '-E', file, '-c', String(LOADED), '-i', 'u1000', '203.0.113.7']
    await expect(network.scannerExec(['hping3', ...load])).rejects.toThrow('0 packets received')
  }
}

function countedPackets(): Promise<number> {
  return aggregator.metric('stormpetrel_counted_packets_total')
}

/** Records what goes to Kafka over loopback; ends when it is told to, with what it saw. */
class WireTap {
  readonly #file: string
  readonly #child: ChildProcess

  constructor(file: string, brokers: readonly string[]) {
    this.#file = file
    const ports = brokers.map((broker) => `dst port ${broker.split(':').at(-1)}`).join(' or ')
    this.#child = spawn(
      'tcpdump',
      ['-i', 'lo', '-U', '-s', '0', '-B', '16384', '-w', file, `tcp and (${ports})`],
      {
        stdio: ['ignore', 'ignore', 'pipe']
      }
    )
  }

  async start(): Promise<void> {
    for await (const text of this.#child.stderr!) if (String(text).includes('listening on')) return
    throw new Error('tcpdump does not listen on lo')
  }

  async stop(): Promise<string> {
    const ended = once(this.#child, 'close')
    this.#child.kill('SIGINT')
    await ended
    return readFileSync(this.#file, 'latin1')
  }
}

namespaceTest(
  'zmap, masscan and packets with a payload reach the counts, and the payload does not',
  async () => {
    await withTelescopeNetwork(async (network) => {
      const tap = new WireTap(path.join(deployment.folder, 'wire.pcap'), deployment.addresses.kafkaBrokers)
      await tap.start()
      const interfaceOptions = ['--interface', network.sensorInterface, '--filter', `dst net ${DARK_SPACE}`]
      const sensor = await deployment.startReady(['sensor', '--sensor', SENSOR, ...interfaceOptions], {
        PATH: pathWithTcpdumpIn(network),
        STORMPETREL_HEARTBEAT_SECONDS: '0.5'
      })
      // Nothing is scanned yet: what the aggregator counts are signs of life.
      const countedBatches = () => aggregator.metric('stormpetrel_batches_total')
      await eventually('an empty batch is counted', countedBatches, (batches) => batches >= 2)
      expect(await countedPackets()).toBe(0)
      expect(await aggregator.metric('stormpetrel_rejected_frames_total')).toBe(0)

      await runZmap(network, { port: 23, packetsPerSecond: 2000 })
      await runMasscan(network, { port: 5555, packetsPerSecond: 2000 })
      await sendLoaded(network)
      const all = 2 * PROBES + 3 * LOADED
      await eventually('every packet is counted', countedPackets, (packets) => packets >= all)

      const { stdout } = await deployment.call('counts', '--window', 'day', '--by', 'port,tag')
      const rows = parseLines(stdout).map(({ port, tag, packets }) => [port, tag, packets].join(' '))
      expect(rows).toEqual(
        expect.arrayContaining([
          `23/TCP zmap ${PROBES}`,
          `5555/TCP masscan ${PROBES}`,
          `80/TCP scan ${LOADED}`,
          `161/UDP scan ${LOADED}`,
          `ICMP scan ${LOADED}`
        ])
      )
      const total = await deployment.call('counts', '--window', 'day', '--where', 'vantage=JP')
      expect(parseLines(total.stdout)).toMatchObject([{ vantage: 'JP', packets: all }])
      expect(await sensor.metric('stormpetrel_kernel_dropped_packets_total')).toBe(0)
      expect(await sensor.metric('stormpetrel_packets_total')).toBe(all)

      const { exitCode } = await sensor.terminate()
      expect(exitCode).toBe(0)
      const wire = await tap.stop()
      // The sensor's name is in every batch: the tap did see what was sent.
      expect(wire.split(`${SENSOR}|`).length - 1).toBeGreaterThanOrEqual(1)
      expect(wire.includes(PAYLOAD.slice(0, 12))).toBe(false)
    })
  },
  TIMEOUT_MS
)

namespaceTest(
  'between kill -9 of a sensor and its next start nobody observed, and that is shown, not zero',
  async () => {
    await withTelescopeNetwork(async (network) => {
      const options = ['--interface', network.sensorInterface, '--filter', `dst net ${DARK_SPACE}`]
      const start = (): Promise<Program> =>
        deployment.startReady(['sensor', '--sensor', SENSOR, ...options], {
          PATH: pathWithTcpdumpIn(network)
        })
      const before = await countedPackets()
      const first = await start()
      await runZmap(network, { port: 2323, packetsPerSecond: 2000 })
      await eventually('the first scan is counted', countedPackets, (packets) => packets >= before + PROBES)

      first.kill('SIGKILL')
      await first.ended
      const second = await start()
      await runZmap(network, { port: 2323, packetsPerSecond: 2000 })
      await eventually(
        'the second scan is counted',
        countedPackets,
        (packets) => packets >= before + 2 * PROBES
      )

      const missing = parseLines((await deployment.call('ledger', '--missing')).stdout)
      const unobserved = missing.filter(({ kind }) => kind === 'unobserved')
      expect(unobserved.at(-1)).toMatchObject({ sensor: SENSOR, frames: null })
      expect(missing.filter(({ kind }) => kind === 'gap')).toEqual([])
      expect((await deployment.call('ledger')).exitCode).toBe(0)
      expect((await second.terminate()).exitCode).toBe(0)
    })
  },
  TIMEOUT_MS
)
