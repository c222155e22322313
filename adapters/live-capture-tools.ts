// What tcpdump and dumpcap are told, and what they say on stderr. Words checked with tcpdump 4.99 and dumpcap 4.0.

/** The programs that can capture for a sensor. */
export type CaptureToolName = 'tcpdump' | 'dumpcap'

/** What a capture tool is asked for. */
export interface CaptureRequest {
  readonly interface: string
  /** A pcap filter expression (man pcap-filter); empty for every packet. */
  readonly filter: string
  readonly snapLengthBytes: number
  readonly kernelBufferBytes: number
  readonly direction: 'in' | 'out' | 'inout'
}

/** What a tool has counted since it started; what it has not said (yet) is 0. */
export interface CaptureTotals {
  /** Packets written to the stream. */
  readonly capturedPackets: number
  /** Packets that passed the filter and were lost for want of room in the kernel's buffer. */
  readonly kernelDrops: number
  /** Packets that the interface or its driver lost before any filter. */
  readonly interfaceDrops: number
}

/** One capture tool. */
export interface CaptureTool {
  /** The Debian package that brings it. */
  readonly packageName: string
  /** Whether SIGUSR1 makes it print its totals while it runs; dumpcap tells them only when it ends. */
  readonly printsTotalsOnSignal: boolean
  arguments(request: CaptureRequest): string[]
  /** True for the line that says that packets are now captured; only after it may signals be sent. */
  isReadyLine(line: string): boolean
  /** The totals in a line, or null where it has none. */
  totalsIn(line: string): Partial<CaptureTotals> | null
}

/** How each program is called and understood. */
export const CAPTURE_TOOLS: Readonly<Record<CaptureToolName, CaptureTool>> = {
  tcpdump: {
    packageName: 'tcpdump',
    printsTotalsOnSignal: true,
    arguments: tcpdumpArguments,
    isReadyLine: (line) => line.includes('listening on '),
    totalsIn: tcpdumpTotals
  },
  dumpcap: {
    packageName: 'wireshark-common',
    printsTotalsOnSignal: false,
    arguments: dumpcapArguments,
    isReadyLine: (line) => line.startsWith('File: '),
    totalsIn: dumpcapTotals
  }
}

/**
 * Each packet is handed over as it comes (--immediate-mode) and written at once (-U): otherwise the kernel keeps
 * packets up to a second, and those in its unfinished block are lost, uncounted, when tcpdump is stopped.
 */
function tcpdumpArguments(request: CaptureRequest): string[] {
  const words = ['-i', request.interface, '-n', '-U', '--immediate-mode', '--time-stamp-precision=nano']
  words.push('-s', String(request.snapLengthBytes), '-B', String(Math.ceil(request.kernelBufferBytes / 1024)))
  if (request.direction !== 'inout') words.push('-Q', request.direction)
  words.push('-w', '-')
  if (request.filter !== '') words.push('--', request.filter)
  return words
}

/** dumpcap writes pcapng with nanoseconds, takes its buffer in MiB, and has no direction: a filter must do. */
function dumpcapArguments(request: CaptureRequest): string[] {
  const bufferMib = Math.max(1, Math.ceil(request.kernelBufferBytes / (1024 * 1024)))
  const words = [
    '-q',
    '-i',
    request.interface,
    '-s',
    String(request.snapLengthBytes),
    '-B',
    String(bufferMib)
  ]
  const direction = request.direction === 'inout' ? '' : `${request.direction}bound`
  const filter = [direction, request.filter === '' ? '' : `(${request.filter})`].filter((part) => part !== '')
  if (filter.length > 0) words.push('-f', filter.join(' and '))
  words.push('-w', '-')
  return words
}

function tcpdumpTotals(line: string): Partial<CaptureTotals> | null {
  const totals: { -readonly [Name in keyof CaptureTotals]?: number } = {}
  for (const [, digits, what] of line.matchAll(
    /(\d+) packets? (captured|dropped by kernel|dropped by interface)/g
  )) {
    const packets = Number(digits)
    if (what === 'captured') totals.capturedPackets = packets
    else if (what === 'dropped by kernel') totals.kernelDrops = packets
    else totals.interfaceDrops = packets
  }
  if (/\d+ packets? received by filter/.test(line)) return totals
  return Object.keys(totals).length === 0 ? null : totals
}

function dumpcapTotals(line: string): Partial<CaptureTotals> | null {
  const match = /^Packets received\/dropped on interface .*: (\d+)\/(\d+) \(.*ps_ifdrop:(\d+)\)/.exec(line)
  if (match === null) return /^Packets( captured)?: \d+/.test(line) ? {} : null
  const interfaceDrops = Number(match[3])
  return { capturedPackets: Number(match[1]), kernelDrops: Number(match[2]) - interfaceDrops, interfaceDrops }
}

/** What a person can do about the tool's own words, as one sentence. */
export function captureAdvice(tool: CaptureToolName, words: string): string {
  if (/permission|not permitted/i.test(words)) {
    return `Give ${tool} the right, once: sudo setcap cap_net_raw,cap_net_admin+ep "$(command -v ${tool})"`
  }
  if (/syntax error|can't parse|not a valid capture filter|invalid|unknown host/i.test(words)) {
    return 'Mend the filter; man pcap-filter has the words.'
  }
  if (/no such device|disappeared|is not up|went down/i.test(words)) {
    return `${tool} -D lists the interfaces.`
  }
  return `Try the same ${tool} command by hand.`
}
