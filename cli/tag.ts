// `tag`: every packet of captures, decoded and tagged, one record a frame.
import type { Command } from 'commander'
import { playCaptures } from './play-captures.ts'
import type { CliContext } from './context.ts'
import { inputFiles } from './input-files.ts'
import { chooseFormat } from './output/format.ts'
import { PacketLines } from './output/packet-lines.ts'

const HELP = `
A record has: file, frame (1-based), timestamp (ISO 8601, nanoseconds, UTC), src, dst, protocol (IANA number),
src_port, dst_port, icmp_type, icmp_code, tcp_flags (the 12 low bits of TCP bytes 12-13), tcp_seq, ip_id, ttl,
ip_length, tags, region, asn, and rejected: the reason where the frame holds no packet that can be used.
What a packet does not have is null; in CSV it is empty, and tags stand between spaces.

FILE is pcap or pcapng, plain, gzip or zstd; a folder stands for the captures in it; - is standard input.
A damaged file is printed up to its damage, then named on stderr, and the exit code is 1.

Examples:
  stormpetrel tag test/data/samples
  stormpetrel tag --format csv scan.pcap.gz > scan.csv
  tcpdump -w - -i eth0 | stormpetrel tag -`

interface TagOptions {
  readonly format?: string
  readonly sensor?: string
}

/** Adds the verb to the program. */
export function registerTag(program: Command, context: CliContext): void {
  program
    .command('tag')
    .summary('every packet of captures, decoded and tagged')
    .description('Prints every packet of captures, decoded and tagged, one record a frame.')
    .argument('<FILE...>', 'captures, folders of captures, or - for standard input')
    .option('--format <format>', 'json, ndjson, csv or table (default: table on a terminal, else ndjson)')
    .option('--sensor <id>', 'the sensor that the captures are of, as sensors.yaml declares it')
    .addHelpText('after', HELP)
    .action((files: string[], options: TagOptions) => tag(context, files, options))
}

async function tag(context: CliContext, paths: readonly string[], options: TagOptions): Promise<void> {
  const format = chooseFormat(options.format, context.stdout.isTTY === true)
  const files = await inputFiles(paths)
  const lines = new PacketLines(
    format,
    context.sink(),
    files.map(({ name }) => name)
  )
  await lines.start()
  const request = { files, sensor: options.sensor, needed: { region: true, asn: true }, isPrinting: true }
  await playCaptures(
    context,
    request,
    (batch, rejected) => lines.add(batch, rejected),
    () => lines.end()
  )
}
