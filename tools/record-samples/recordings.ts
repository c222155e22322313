// What is recorded: for each file the commands, when each starts, and which tool writes the file.
import { DARK_SPACE, type TelescopeNetwork } from '../../test/netns/network.ts'

/** One command of the scanner's namespace. */
export interface TimedCommand {
  /** After the start of the recording. */
  readonly startSeconds: number
  readonly command: readonly string[]
  /** An address that the scanner's interface gets first: Nmap uses no source that is not its machine's. */
  readonly address?: string
}

export interface Recording {
  readonly file: string
  /** What is in it, one sentence for the README. */
  readonly about: string
  /** dumpcap writes pcapng, tcpdump pcap with nanoseconds. */
  readonly tool: 'tcpdump' | 'dumpcap'
  readonly compression: 'none' | 'gzip' | 'zstd'
  readonly commands: (network: TelescopeNetwork) => readonly TimedCommand[]
}

/** How long the made packets last; every scan below ends within it. */
const RECORDING_SECONDS = 190

export const RECORDINGS: readonly Recording[] = [
  {
    file: 'zmap.pcap',
    about:
      'ZMap: four SYN scans of the whole dark space, one by 16 sources, and a part of it by UDP and ICMP.',
    tool: 'tcpdump',
    compression: 'none',
    commands: (network) => [
      zmap(network, 0, '12.50.18.7', 3, ['-p', '80']),
      zmap(network, 15, '58.20.101.33', 4, ['-p', '23']),
      zmap(network, 60, '178.70.44.9', 8, ['-p', '3389']),
      zmap(network, 100, '73.20.5.16-73.20.5.31', 4, ['-p', '443']),
      zmap(network, 40, '84.140.7.250', 2, ['-n', '64', '-p', '53', '-M', 'udp', '--probe-args=text:x']),
      zmap(network, 120, '90.50.66.2', 2, ['-n', '64', '-M', 'icmp_echoscan'])
    ]
  },
  {
    file: 'masscan.pcap.gz',
    about: 'masscan: eight ports of the whole dark space, six by one source and two by sixteen.',
    tool: 'tcpdump',
    compression: 'gzip',
    commands: (network) => [
      masscan(network, 0, '112.90.3.3', 10, '22,80,443,5900,8080,9200'),
      masscan(network, 70, '98.30.200.64-98.30.200.79', 6, '2375,6379')
    ]
  },
  {
    file: 'nmap.pcapng',
    about:
      'Nmap: a ping sweep, SYN, FIN, NULL, Xmas, ACK, UDP and fragmented scans of parts of the dark space.',
    tool: 'dumpcap',
    compression: 'none',
    commands: (network) => [
      nmap(network, 0, '81.130.9.14', 4, ['-sn', '-PE', '-PP', '-PS443', '-PA80', '203.0.113.0/27']),
      nmap(network, 20, '189.30.71.5', 6, ['-sS', '-Pn', '-F', '203.0.113.40-43']),
      nmap(network, 60, '60.32.88.2', 2, ['-sU', '-Pn', '-p', '53,123,161,1900,5060', '203.0.113.64/28']),
      nmap(network, 70, '36.70.2.77', 2, ['-sX', '-Pn', '-p', '21-28', '203.0.113.128/30']),
      nmap(network, 90, '36.70.2.78', 2, ['-sF', '-Pn', '-p', '21-28', '203.0.113.132/30']),
      nmap(network, 110, '36.70.2.79', 2, ['-sN', '-Pn', '-p', '21-28', '203.0.113.136/30']),
      nmap(network, 130, '79.30.1.1', 2, ['-sA', '-Pn', '-p', '80,443', '203.0.113.192/28']),
      nmap(network, 140, '2.180.40.6', 3, ['-sS', '-f', '-Pn', '-p', '7547', '203.0.113.208/28'])
    ]
  },
  {
    file: 'hping3.pcap',
    about:
      'hping3: SYNs to 445/TCP, UDP to 1900, echo requests, random sources, a source equal to the destination, port 0.',
    tool: 'tcpdump',
    compression: 'none',
    commands: (network) => [
      hping3(network, 0, 180, 2, ['-S', '-p', '445', '-a', '117.200.14.9', '-w', '1024']),
      hping3(network, 10, 120, 1, ['--udp', '-p', '1900', '-a', '114.35.6.6', '-t', '255']),
      hping3(network, 30, 60, 1, ['-1', '-a', '14.165.9.9']),
      hping3(network, 50, 60, 2, ['-S', '-p', '80', '--rand-source']),
      hping3(network, 90, 30, 1, ['-S', '-p', '0', '-a', '78.170.3.1']),
      hping3(network, 110, 20, 1, ['-F', '-P', '-U', '-p', '22', '-a', '41.35.1.8']),
      hping3At('203.0.113.9', 130, 10, 1, ['-S', '-p', '139', '-s', '139', '-k', '-a', '203.0.113.9'])
    ]
  },
  {
    file: 'mirai.pcap.zst',
    about: 'Probes as Mirai-type bots send them (mirai.py), with a wave of new bots from the middle on.',
    tool: 'tcpdump',
    compression: 'zstd',
    commands: (network) => [sender(network, 'mirai')]
  },
  {
    file: 'backscatter.pcap',
    about: 'Answers of victims of floods with forged sources (backscatter.py), IPv4 and IPv6.',
    tool: 'tcpdump',
    compression: 'none',
    commands: (network) => [sender(network, 'backscatter')]
  }
]

function zmap(
  network: TelescopeNetwork,
  startSeconds: number,
  source: string,
  packetsPerSecond: number,
  probe: readonly string[]
): TimedCommand {
  const way = ['-G', network.sensorMac, '-i', network.scannerInterface, '-S', source]
  const files = ['-b', '/dev/null', '-o', '/dev/null']
  const rate = ['-r', String(packetsPerSecond), '-T', '1', '-c', '0', '-e', '1']
  return { startSeconds, command: ['zmap', '-q', ...probe, ...way, ...files, ...rate, DARK_SPACE] }
}

function masscan(
  network: TelescopeNetwork,
  startSeconds: number,
  source: string,
  packetsPerSecond: number,
  ports: string
): TimedCommand {
  const way = ['--router-mac', network.sensorMac, '--interface', network.scannerInterface]
  const rate = ['--rate', String(packetsPerSecond), '--wait', '1', '--seed', '1']
  return {
    startSeconds,
    command: ['masscan', DARK_SPACE, '-p', ports, '--source-ip', source, ...way, ...rate]
  }
}

function nmap(
  network: TelescopeNetwork,
  startSeconds: number,
  source: string,
  packetsPerSecond: number,
  scan: readonly string[]
): TimedCommand {
  const way = ['--send-ip', '-e', network.scannerInterface, '-S', source, '-n']
  const rate = [
    '--max-retries',
    '0',
    '--min-rate',
    String(packetsPerSecond),
    '--max-rate',
    String(packetsPerSecond)
  ]
  return { startSeconds, command: ['nmap', ...way, ...rate, ...scan], address: source }
}

function hping3(
  network: TelescopeNetwork,
  startSeconds: number,
  count: number,
  packetsPerSecond: number,
  words: readonly string[]
): TimedCommand {
  const anywhere = ['--rand-dest', '-I', network.scannerInterface, ...words]
  return hping3At('203.0.113.x', startSeconds, count, packetsPerSecond, anywhere)
}

function hping3At(
  target: string,
  startSeconds: number,
  count: number,
  packetsPerSecond: number,
  words: readonly string[]
): TimedCommand {
  const interval = packetsPerSecond === 1 ? '1' : `u${1_000_000 / packetsPerSecond}`
  const rate = ['-c', String(count), '-i', interval]
  return { startSeconds, command: ['hping3', '-q', '-n', ...rate, ...words, target] }
}

function sender(network: TelescopeNetwork, kind: 'mirai' | 'backscatter'): TimedCommand {
  const way = ['--interface', network.scannerInterface, '--to', network.sensorMac]
  const script = ['python3', '-B', 'tools/record-samples/send_packets.py', kind]
  return {
    startSeconds: 0,
    command: [...script, ...way, '--seconds', String(RECORDING_SECONDS), '--seed', '1']
  }
}
