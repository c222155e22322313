// A dark network on one machine: a scanner's network namespace and a sensor's, joined by a veth pair. No packet
// leaves the two namespaces, so scanners may run at any rate and from any source address.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const runFile = promisify(execFile)

/** The sensor's dark space: TEST-NET-3 (RFC 5737) and a part of the documentation prefix (RFC 3849). */
export const DARK_SPACE = '203.0.113.0/24'
export const DARK_SPACE_IPV6 = '2001:db8::/64'

/** The scanner's own addresses, of TEST-NET-2; its next hop is the sensor's end, by a fixed neighbour entry. */
export const SCANNER_ADDRESS = '198.51.100.2'
export const SCANNER_ADDRESS_IPV6 = '2001:db8:1::2'
const NEXT_HOP = '198.51.100.1'
const NEXT_HOP_IPV6 = '2001:db8:1::1'

const SENSOR_INTERFACE = 'dark0'
const SCANNER_INTERFACE = 'scan0'
const SENSOR_MAC = '02:00:00:00:00:01'
const SCANNER_MAC = '02:00:00:00:00:02'
const COMMAND_TIMEOUT_MS = 60_000

/** What a command in a namespace printed; it ended with exit code 0. */
export interface CommandOutput {
  readonly stdout: string
  readonly stderr: string
}

/** The two namespaces while they live. Commands are argument vectors, never a shell's text. */
export interface TelescopeNetwork {
  readonly sensorNamespace: string
  readonly scannerNamespace: string
  /** The interface on which the dark space's packets arrive (in the sensor's namespace). */
  readonly sensorInterface: string
  /** The scanner's interface (in its namespace). */
  readonly scannerInterface: string
  /** Where scanners that write their own Ethernet headers send (`zmap -G`, `masscan --router-mac`). */
  readonly sensorMac: string
  readonly scannerMac: string
  /** The same command as an argument vector that runs inside the sensor's namespace. */
  sensorCommand(command: readonly string[]): string[]
  scannerCommand(command: readonly string[]): string[]
  /** Runs a command to its end; rejects, with its stderr in the message, where it fails or takes over a minute. */
  sensorExec(command: readonly string[]): Promise<CommandOutput>
  scannerExec(command: readonly string[]): Promise<CommandOutput>
  /** Starts a command that the caller ends; what still runs when the network goes is killed. */
  sensorSpawn(command: readonly string[]): ChildProcess
  scannerSpawn(command: readonly string[]): ChildProcess
}

/**
 * Null where this machine can make network namespaces, else why it cannot, in one line. It tries: a check of the
 * user id alone is wrong both ways (containers without CAP_SYS_ADMIN, users with it).
 */
export function canMakeNamespaces(): string | null {
  const name = uniqueName('try')
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' })
  if (made.error !== undefined)
    return `the command ip (package iproute2) cannot be run: ${made.error.message}`
  if (made.status !== 0) return `ip netns add: ${oneLine(made.stderr)} (root, or CAP_SYS_ADMIN, is needed)`
  const entered = spawnSync('ip', ['netns', 'exec', name, 'true'], { encoding: 'utf8' })
  spawnSync('ip', ['netns', 'del', name])
  return entered.status === 0 ? null : `ip netns exec: ${oneLine(entered.stderr)}`
}

/** Makes the network, hands it to `use`, and tears it down whatever happens. */
export async function withTelescopeNetwork<T>(use: (network: TelescopeNetwork) => Promise<T>): Promise<T> {
  const sensorNamespace = uniqueName('sensor')
  const scannerNamespace = uniqueName('scanner')
  const tearDown = () => {
    removeNamespace(scannerNamespace)
    removeNamespace(sensorNamespace)
  }
  process.once('exit', tearDown)
  try {
    await makeNetwork(sensorNamespace, scannerNamespace)
    return await use(networkOf(sensorNamespace, scannerNamespace))
  } finally {
    process.off('exit', tearDown)
    tearDown()
  }
}

function networkOf(sensorNamespace: string, scannerNamespace: string): TelescopeNetwork {
  const sensorCommand = (command: readonly string[]) => inNamespace(sensorNamespace, command)
  const scannerCommand = (command: readonly string[]) => inNamespace(scannerNamespace, command)
  return {
    sensorNamespace,
    scannerNamespace,
    sensorInterface: SENSOR_INTERFACE,
    scannerInterface: SCANNER_INTERFACE,
    sensorMac: SENSOR_MAC,
    scannerMac: SCANNER_MAC,
    sensorCommand,
    scannerCommand,
    sensorExec: (command) => execute(sensorCommand(command)),
    scannerExec: (command) => execute(scannerCommand(command)),
    sensorSpawn: (command) => start(sensorCommand(command)),
    scannerSpawn: (command) => start(scannerCommand(command))
  }
}

/**
 * The sensor's end has no address and blackholes its dark space, so its kernel answers nothing (a `local` route
 * would send a RST for each SYN). Neither end makes a link-local address, so no neighbour discovery is in the way.
 */
async function makeNetwork(sensorNamespace: string, scannerNamespace: string): Promise<void> {
  await execute(['ip', 'netns', 'add', sensorNamespace])
  await execute(['ip', 'netns', 'add', scannerNamespace])
  const sensor = (...words: string[]) => execute(['ip', '-n', sensorNamespace, ...words])
  const scanner = (...words: string[]) => execute(['ip', '-n', scannerNamespace, ...words])

  const peer = ['peer', 'name', SCANNER_INTERFACE, 'address', SCANNER_MAC, 'netns', scannerNamespace]
  await sensor('link', 'add', SENSOR_INTERFACE, 'address', SENSOR_MAC, 'type', 'veth', ...peer)
  await sensor('link', 'set', SENSOR_INTERFACE, 'addrgenmode', 'none')
  await scanner('link', 'set', SCANNER_INTERFACE, 'addrgenmode', 'none')
  await sensor('link', 'set', SENSOR_INTERFACE, 'up')
  await scanner('link', 'set', SCANNER_INTERFACE, 'up')
  await scanner('link', 'set', 'lo', 'up')

  await sensor('route', 'add', 'blackhole', DARK_SPACE)
  await sensor('-6', 'route', 'add', 'blackhole', DARK_SPACE_IPV6)

  const link = ['dev', SCANNER_INTERFACE]
  const fixed = ['lladdr', SENSOR_MAC, 'nud', 'permanent']
  await scanner('addr', 'add', `${SCANNER_ADDRESS}/24`, ...link)
  await scanner('neigh', 'add', NEXT_HOP, ...fixed, ...link)
  await scanner('route', 'add', 'default', 'via', NEXT_HOP, ...link)
  await scanner('-6', 'addr', 'add', `${SCANNER_ADDRESS_IPV6}/64`, ...link, 'nodad')
  await scanner('-6', 'neigh', 'add', NEXT_HOP_IPV6, ...fixed, ...link)
  await scanner('-6', 'route', 'add', 'default', 'via', NEXT_HOP_IPV6, ...link)
}

/** Kills what still runs in the namespace, all of it started through this module, and deletes it by name. */
function removeNamespace(name: string): void {
  const inside = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
  const pids = (inside.stdout ?? '').split('\n').filter((line) => line !== '')
  if (pids.length > 0) spawnSync('kill', ['-KILL', ...pids])
  spawnSync('ip', ['netns', 'del', name])
}

function inNamespace(namespace: string, command: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', namespace, ...command]
}

async function execute(command: readonly string[]): Promise<CommandOutput> {
  const [file, ...words] = command
  try {
    return await runFile(file!, words, {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout: COMMAND_TIMEOUT_MS
    })
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr ?? ''
    throw new Error(`${command.join(' ')}: ${stderr === '' ? String(error) : oneLine(stderr)}`, {
      cause: error
    })
  }
}

function start(command: readonly string[]): ChildProcess {
  const [file, ...words] = command
  return spawn(file!, words, { stdio: ['ignore', 'pipe', 'pipe'] })
}

function uniqueName(role: string): string {
  return `stormpetrel-${process.pid}-${randomBytes(4).toString('hex')}-${role}`
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}
