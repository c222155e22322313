// Real scanners inside a telescope network, each with what it needs to run there.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { DARK_SPACE, SCANNER_ADDRESS, type TelescopeNetwork } from './network.ts'

/** One scan of the whole IPv4 dark space: one SYN to each of its 256 addresses. */
export interface Scan {
  readonly port: number
  readonly packetsPerSecond: number
  /** Source address; replies to it are nobody's. Default is the scanner's own. */
  readonly source?: string
}

/** Many times what the largest scan here takes; then it says why it failed. */
const MASSCAN_TIMEOUT_MS = 60_000
/** ZMap 2.1.1 aborts at the end of a scan with about one seed in 300; not with this one. */
const ZMAP_SEED = '7'

/** Resolves when ZMap has sent all its probes. Its block list is left out: it names TEST-NET-3. */
export async function runZmap(network: TelescopeNetwork, scan: Scan): Promise<void> {
  const way = ['-G', network.sensorMac, '-i', network.scannerInterface, '-S', scan.source ?? SCANNER_ADDRESS]
  const files = ['-b', '/dev/null', '-o', '/dev/null']
  const rate = ['-r', String(scan.packetsPerSecond), '-T', '1', '-c', '0', '-e', ZMAP_SEED]
  await network.scannerExec(['zmap', '-q', '-p', String(scan.port), ...way, ...files, ...rate, DARK_SPACE])
}

/** Resolves when masscan has sent all its probes. */
export async function runMasscan(network: TelescopeNetwork, scan: Scan): Promise<void> {
  const way = ['--router-mac', network.sensorMac, '--interface', network.scannerInterface]
  const source = ['--source-ip', scan.source ?? SCANNER_ADDRESS]
  const what = [DARK_SPACE, '-p', String(scan.port), '--rate', String(scan.packetsPerSecond), '--wait', '1']
  await awaitMasscan(network.scannerSpawn(['masscan', ...what, ...way, ...source]))
}

/**
 * Resolves when a started masscan has sent all its probes. It is killed as soon as it says that it waits for answers:
 * masscan 1.3.2 never ends by itself on a link where nothing at all arrives.
 */
export async function awaitMasscan(child: ChildProcess): Promise<void> {
  const said: string[] = []
  let hasSentAll = false
  child.stdout?.resume()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.push(text)
    if (hasSentAll || !/waiting -?\d+-secs/.test(said.slice(-2).join(''))) return
    hasSentAll = true
    child.kill('SIGKILL')
  })
  const deadline = setTimeout(() => child.kill('SIGKILL'), MASSCAN_TIMEOUT_MS)
  await once(child, 'close')
  clearTimeout(deadline)
  if (!hasSentAll) throw new Error(`masscan ended before it had sent its probes: ${said.join(' ')}`)
}
