// Makes one recording: a dark network of its own, the capture at the sensor's end, the commands at the other.
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLiveCapture } from '../../adapters/live-capture.ts'
import {
  DARK_SPACE,
  DARK_SPACE_IPV6,
  type TelescopeNetwork,
  withTelescopeNetwork
} from '../../test/netns/network.ts'
import { awaitMasscan } from '../../test/netns/scanners.ts'
import type { Recording, TimedCommand } from './recordings.ts'

/** What was run, for the README, and how many packets the capture tool says that it wrote. */
export interface RecordedCommands {
  readonly commands: readonly TimedCommand[]
  readonly capturedPackets: number
}

/** Records into `path`, uncompressed. Rejects where a command fails or the kernel dropped a packet. */
export async function record(recording: Recording, path: string): Promise<RecordedCommands> {
  return await withTelescopeNetwork(async (network) => {
    const file = createWriteStream(path)
    const failure: { error?: Error } = {}
    const capture = await startLiveCapture({
      interface: network.sensorInterface,
      filter: `dst net ${DARK_SPACE} or dst net ${DARK_SPACE_IPV6}`,
      tool: recording.tool,
      launcher: network.sensorCommand([]),
      onChunk: (chunk) => {
        file.write(chunk)
      },
      onEnd: (error) => {
        failure.error = error
      }
    })
    const commands = recording.commands(network)
    await Promise.all(commands.map((timed) => runAt(network, timed)))
    const totals = await capture.stop()
    await finished(file.end())
    if (failure.error !== undefined) throw failure.error
    if (totals.kernelDrops > 0) throw new Error(`${path}: the kernel dropped ${totals.kernelDrops} packets`)
    return { commands, capturedPackets: totals.capturedPackets }
  })
}

async function runAt(
  network: TelescopeNetwork,
  { startSeconds, command, address }: TimedCommand
): Promise<void> {
  await sleep(startSeconds * 1000)
  if (address !== undefined) {
    await network.scannerExec(['ip', 'addr', 'add', `${address}/32`, 'dev', network.scannerInterface])
  }
  const child = network.scannerSpawn(command)
  if (command[0] === 'masscan') return await awaitMasscan(child)
  let stderr = ''
  child.stdout?.resume()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  // hping3 ends with 1 where nobody answered, as nobody does here.
  if (code !== 0 && !(command[0] === 'hping3' && code === 1)) {
    throw new Error(`${command.join(' ')}: exit code ${code}: ${stderr.trim()}`)
  }
}
