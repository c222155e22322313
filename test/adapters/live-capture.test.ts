import { describe, expect, test } from '@jest/globals'
import { type LiveCapture, type LiveCaptureOptions, startLiveCapture } from '../../adapters/live-capture.ts'
import { createCaptureReader } from '../../core/capture/capture-reader.ts'
import type { CaptureReader } from '../../core/capture/frame.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { namespaceTest } from '../netns/namespace-test.ts'
import { DARK_SPACE, type TelescopeNetwork, withTelescopeNetwork } from '../netns/network.ts'
import { runMasscan, runZmap } from '../netns/scanners.ts'

const PROBES = 256

interface Probe {
  readonly destination: string
  readonly identification: number
  readonly destinationPort: number
}

/** Reads IPv4 in Ethernet by fixed offsets, apart from the project's own decoder. */
function probeOf({ bytes, start }: CaptureReader['frame']): Probe {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start)
  return {
    destination: [30, 31, 32, 33].map((offset) => view.getUint8(offset)).join('.'),
    identification: view.getUint16(18),
    destinationPort: view.getUint16(36)
  }
}

/** A promise with its ends outside (Node 20 has no Promise.withResolvers). */
function deferred<T>() {
  const ends: { resolve?: (value: T) => void; reject?: (error: Error) => void } = {}
  const promise = new Promise<T>((resolve, reject) => Object.assign(ends, { resolve, reject }))
  return { promise, resolve: ends.resolve!, reject: ends.reject! }
}

/** Collects probes from a live capture; `enough` resolves when `count` of them came. */
function probeCollector(count: number) {
  const reader = createCaptureReader('live')
  const probes: Probe[] = []
  const enough = deferred<undefined>()
  const onChunk = (chunk: Uint8Array) => {
    reader.push(chunk)
    while (reader.next()) probes.push(probeOf(reader.frame))
    if (probes.length >= count) enough.resolve(undefined)
  }
  return { reader, probes, onChunk, onEnd: enough.reject, enough: enough.promise }
}

function inSensor(network: TelescopeNetwork, over: Partial<LiveCaptureOptions>): LiveCaptureOptions {
  return {
    interface: network.sensorInterface,
    filter: `dst net ${DARK_SPACE}`,
    launcher: network.sensorCommand([]),
    onChunk: () => undefined,
    onEnd: (error) => {
      throw error
    },
    ...over
  }
}

for (const tool of ['tcpdump', 'dumpcap'] as const) {
  for (const [scanner, scan, port] of [
    ['zmap', runZmap, 23],
    ['masscan', runMasscan, 5555]
  ] as const) {
    namespaceTest(`every one of ${PROBES} probes of ${scanner} is read through ${tool}`, async () => {
      await withTelescopeNetwork(async (network) => {
        const { reader, probes, onChunk, onEnd, enough } = probeCollector(PROBES)
        const capture = await startLiveCapture(inSensor(network, { tool, onChunk, onEnd }))

        await scan(network, { port, packetsPerSecond: 2000 })
        await enough
        const totals = await capture.stop()

        reader.finish()
        expect(probes).toHaveLength(PROBES)
        expect(new Set(probes.map((probe) => probe.destination)).size).toBe(PROBES)
        expect(probes.every((probe) => probe.destinationPort === port)).toBe(true)
        if (scanner === 'zmap') expect(probes.every((probe) => probe.identification === 54321)).toBe(true)
        expect(totals).toEqual({ capturedPackets: PROBES, kernelDrops: 0, interfaceDrops: 0 })
        expect(capture.kernelDrops()).toBe(0)
        expect(await capture.stop()).toEqual(totals)
      })
    })
  }
}

namespaceTest('packets that the kernel drops are counted while the capture runs', async () => {
  await withTelescopeNetwork(async (network) => {
    const dropped = deferred<undefined>()
    const running: { capture?: LiveCapture } = {}
    const onChunk = async () => {
      if ((running.capture?.kernelDrops() ?? 0) > 0) dropped.resolve(undefined)
      else await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const capture = await startLiveCapture(inSensor(network, { onChunk, kernelBufferBytes: 64 * 1024 }))
    running.capture = capture

    const udp = ['--udp', '-p', '53', '-d', '200']
    const flood = network.scannerSpawn(['hping3', '-q', ...udp, '--flood', '203.0.113.9'])
    await dropped.promise
    flood.kill()
    const totals = await capture.stop()

    expect(totals.kernelDrops).toBeGreaterThan(0)
  })
})

namespaceTest('a capture that ends by itself is told once, in the words of tcpdump', async () => {
  await withTelescopeNetwork(async (network) => {
    const ended = deferred<Error>()
    const capture = await startLiveCapture(inSensor(network, { onEnd: ended.resolve }))

    await network.sensorExec(['ip', 'link', 'del', network.sensorInterface])
    const error = await ended.promise

    expect(error).toBeInstanceOf(StormpetrelError)
    expect((error as StormpetrelError).code).toBe('SP_LIVE_CAPTURE')
    expect(error.message).toMatch(/^tcpdump ended by itself on interface dark0: .*interface/)
    await capture.stop()
  })
})

namespaceTest('an error of the reader ends the capture and is handed on', async () => {
  await withTelescopeNetwork(async (network) => {
    const ended = deferred<Error>()
    let chunks = 0
    const onChunk = () => {
      chunks++
      if (chunks > 1) throw new Error('cannot use this')
    }
    await startLiveCapture(inSensor(network, { onChunk, onEnd: ended.resolve }))

    await runZmap(network, { port: 23, packetsPerSecond: 2000 })

    expect((await ended.promise).message).toBe('cannot use this')
  })
})

namespaceTest('a wrong interface or filter is refused in the words of the tool', async () => {
  await withTelescopeNetwork(async (network) => {
    const start = (over: Partial<LiveCaptureOptions>) => startLiveCapture(inSensor(network, over))

    await expect(start({ interface: 'nosuch0' })).rejects.toThrow(
      /^tcpdump cannot capture on interface nosuch0: tcpdump: nosuch0: No such device exists .*tcpdump -D lists/
    )
    await expect(start({ filter: 'tcp porst 23' })).rejects.toThrow(
      /can't parse filter expression: syntax error.*man pcap-filter/
    )
    await expect(start({ filter: '-w/tmp/x' })).rejects.toThrow(/syntax error/)
    await expect(start({ tool: 'dumpcap', interface: 'nosuch0' })).rejects.toThrow(
      /^dumpcap cannot capture on interface nosuch0: .*nosuch0/
    )
  })
})

describe('without a namespace', () => {
  test('a tool that is not there is named, with the package that brings it', async () => {
    const path = process.env.PATH
    process.env.PATH = '/nonexistent'
    const start = startLiveCapture({ interface: 'eth0', onChunk: () => undefined, onEnd: () => undefined })
    process.env.PATH = path

    await expect(start).rejects.toThrow(
      /^tcpdump cannot be started for interface eth0: .*ENOENT.*apt-get install tcpdump/
    )
  })
})
