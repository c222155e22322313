// docs/performance.md, from the newest results of the benchmark.
import { type BenchResults, type CaseResult, LATEST_RESULTS, readLatestResults } from '../../bench/results.ts'
import { code, document, GENERATED, table } from './markdown.ts'

/** The whole of docs/performance.md. */
export function performanceDocument(): string {
  const results = readLatestResults()
  return document(
    '# Performance',
    GENERATED,
    `These are the figures of ${code('npm run bench')} (bench/main.ts), from ${code(LATEST_RESULTS)}: the program as ` +
      'users run it, in a process of its own, printing ndjson to /dev/null, over captures that the benchmark makes ' +
      'from a fixed seed. Start-up is taken off: it is the same command over a capture of one packet.',
    machineText(results),
    '## Commands',
    table(
      ['command', 'packets', 'packets/s', 'promised', 'ns CPU a packet', 'packets/s of CPU', 'peak MiB'],
      results.cases.map(caseRow)
    ),
    'Packets/s is by the clock on the wall, and suffers from other work on the machine, which the load average tells ' +
      'of. CPU is user and system time of all threads, and packets/s of CPU is what a core would do that has nothing ' +
      'else to do; only the processor caches are shared still.',
    `${code('syn-3m')} and ${code('syn-1m')} hold TCP SYNs from 200,000 sources of which few send most, a fifth of ` +
      `them Mirai-type, a tenth to random ports. In ${code('tail-1m')} nearly every packet has a source of its own, ` +
      'which is the worst there is for unique sources. `up` decodes, tags, counts every series of every window, ' +
      'and keeps them in memory: what it holds grows with the series, not with the packets; `tag` holds nothing, and ' +
      '`counts` one row for each combination that it is asked for.',
    ...streamTexts(results),
    '## Start-up and geo data',
    table(
      ['what', 'ms'],
      [
        ['the program, with geo tables from the cache, by the clock', `${results.startUp.wallMs}`],
        ['the same, CPU', `${results.startUp.cpuMs}`],
        ['region and ASN tables from the databases, once a database', `${results.geo.coldMs}`],
        [`the same from the cache (promised: under ${results.geo.warmGoalMs})`, `${results.geo.warmMs}`]
      ]
    ),
    '## Measure it yourself',
    `${code('npm run bench')} takes some minutes, prints the table, and writes ${code(LATEST_RESULTS)} and a copy with ` +
      `the date; ${code('npm run docs')} then makes this page. ${code('npm run bench -- --only counts')} runs the ` +
      `cases with that in their name and writes nothing; ${code('--rounds 1')} is quicker and rougher. Figures of one ` +
      `part are printed by ${code('node dist/bench/headers.js')}, ${code('tag-lines.js')}, ${code('counts.js')} and ` +
      `${code('windows.js')}.`
  )
}

/** The drain beside its peers, where it was measured. */
function streamTexts({ drain, peers = [] }: BenchResults): string[] {
  if (drain === undefined) return []
  const { packets, seconds, packetsPerSecond, stages } = drain
  const ours = ['Stormpetrel', number(packets), seconds.toFixed(1), number(packetsPerSecond), '']
  const rows = peers.map((peer) => [
    peer.name,
    number(peer.packets),
    peer.seconds.toFixed(1),
    number(peer.packetsPerSecond),
    number(peer.cpuNsPerPacket)
  ])
  return [
    '## Stream',
    `${code('npm run bench -- --only drain')}, ${drain.startedAt.slice(0, 10)}: a raw topic of ${number(packets)} packets ` +
      'to exact counts in Redis, by one tagger and one aggregator with every tag, region, AS number, window and unique ' +
      'source, fence and ledger; Kafka, the registry and Redis run on the same two cores, and every count of a port is ' +
      'compared with what was sent. Peers read the same topic, or a capture of the same traffic; bench/peers says how.',
    table(['program', 'packets', 'seconds', 'packets/s', 'ns CPU a packet'], [ours, ...rows]),
    table(
      ['process', 'ns CPU a packet', 'peak MiB'],
      stages.map((stage) => [stage.name, number(stage.cpuNsPerPacket), number(stage.peakRssMib)])
    ),
    `${drain.rawBytesPerPacket.toFixed(1)} bytes a packet in packets.raw, ` +
      `${drain.enrichedBytesPerPacket.toFixed(1)} in packets.enriched with Kafka's own; Redis holds ` +
      `${number(Math.round(drain.redisBytes / 2 ** 20))} MiB at the end. ` +
      `${drain.ratioToKafkaStreamsExactlyOnce.toFixed(2)} times Kafka Streams with exactly_once_v2.`
  ]
}

function machineText({ machine, loadAverage, startedAt, isPinned, rounds }: BenchResults): string {
  const { cpu, cores, memoryGib, system, node } = machine
  const pinning = isPinned ? 'each process held on one core' : 'processes free to use all cores'
  return (
    `${startedAt.slice(0, 10)}, ${cpu} with ${cores} cores and ${memoryGib} GiB, ${system}, Node ${node}; ${pinning}; ` +
    `the least of ${rounds} rounds; load average ${loadAverage.atStart} at the start and ${loadAverage.atEnd} at the end.`
  )
}

function caseRow(result: CaseResult): string[] {
  return [
    code(result.command),
    number(result.packets),
    number(result.packetsPerSecond),
    result.goal === null ? '' : number(result.goal),
    number(result.cpuNsPerPacket),
    number(result.packetsPerCpuSecond),
    number(result.peakRssMib)
  ]
}

function number(value: number): string {
  return value.toLocaleString('en')
}
