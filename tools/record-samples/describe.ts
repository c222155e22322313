// Writes the README of the recordings: how each was made, with which tools, and what is in it.
import { spawnSync } from 'node:child_process'
import type { Measures } from './measure.ts'
import type { RecordedCommands } from './record.ts'
import type { Recording } from './recordings.ts'

/** Tools that must be there, how each is asked for its version, and the package that brings it. */
const TOOLS = [
  ['zmap', '--version', 'zmap'],
  ['masscan', '--version', 'masscan'],
  ['nmap', '--version', 'nmap'],
  ['hping3', '--version', 'hping3'],
  ['python3', '--version', 'python3'],
  ['tcpdump', '--version', 'tcpdump'],
  ['dumpcap', '--version', 'wireshark-common'],
  ['tshark', '--version', 'tshark'],
  ['capinfos', '--version', 'wireshark-common'],
  ['gzip', '--version', 'gzip'],
  ['zstd', '--version', 'zstd']
] as const

/**
 * The first line with a number that each tool prints about itself; throws, naming the packages, where one is missing.
 */
export function toolVersions(): string[] {
  const missing: string[] = []
  const versions = TOOLS.map(([tool, option, packageName]) => {
    const asked = spawnSync(tool, [option], { encoding: 'utf8' })
    if (asked.error !== undefined) missing.push(packageName)
    const lines = `${asked.stdout ?? ''}\n${asked.stderr ?? ''}`.split('\n').map((line) => line.trim())
    return lines.find((line) => /\d\.\d/.test(line)) ?? tool
  })
  if (missing.length > 0) throw new Error(`tools are missing: apt-get install ${missing.join(' ')}`)
  return versions
}

/** One recording as it was made. */
export interface Recorded {
  readonly recording: Recording
  readonly run: RecordedCommands
  readonly measures: Measures
}

/** The text of test/data/samples/README.md. */
export function describe(recorded: readonly Recorded[], versions: readonly string[]): string {
  return `# Recordings of real scanners, Mirai-type probes and backscatter

Stormpetrel's own recordings (Apache-2.0, as the project), made by \`npm run record-samples\`; this file and expected.tsv
are written by it too. In each a scanner's network namespace is joined by a veth pair to a sensor's, whose dark space
is 203.0.113.0/24 (TEST-NET-3) and 2001:db8::/64 and answers nothing; nothing left the namespaces. Source addresses are
forged (Nmap's are given to its interface), from the networks of tools/record-samples/sources.tsv, so that regions and
AS numbers vary: **nothing here says anything about the networks that they belong to.** Times are the real clock's, and
all six were recorded at the same time.

The made packets follow published rules: Mirai's scanner as analysed in Antonakakis et al., "Understanding the Mirai
Botnet", USENIX Security 2017, sections 2 and 3; backscatter by the table in Moore, Voelker and Savage, "Inferring Internet
Denial-of-Service Activity", USENIX Security 2001. See mirai.py and backscatter.py in tools/record-samples.

expected.tsv is counted by tcpdump (its filters see the outermost header), tshark and capinfos alone; the filters
are in tools/record-samples/measure.ts. ZMap's identification and masscan's mark also come up by chance, once in 65,536.

Made with:
${versions.map((version) => `- ${version}`).join('\n')}
${recorded.map(describeOne).join('')}`
}

function describeOne({ recording, run, measures }: Recorded): string {
  const lines = run.commands.map(({ startSeconds, command }) => `+${startSeconds}s  ${command.join(' ')}`)
  return `
## ${recording.file}
${recording.about} ${measures.packets} packets of ${measures.uniq_src} sources; recorded with ${recording.tool}${
    recording.compression === 'none' ? '' : `, then ${recording.compression}`
  }.

${lines.map((line) => `    ${line}`).join('\n')}
`
}
