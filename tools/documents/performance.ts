// docs/performance.md, from the newest results of the benchmark.
import { type BenchResults, type CaseResult, LATEST_RESULTS, readLatestResults } from '../../bench/results.ts'
import type { StageUsage } from '../../bench/stream/process-usage.ts'
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
    ...captureTexts(results),
    ...liveTexts(results),
    ...profileTexts(results),
    ...memoryTexts(results),
    ...growthTexts(results),
    ...smallTexts(results),
    ...reportTexts(results),
    ...planTexts(results),
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

/** One process over a capture, beside pmacctd. */
function captureTexts({ capture }: BenchResults): string[] {
  if (capture === undefined) return []
  const { command, packets, seconds, packetsPerSecond, cpuNsPerPacket, ratioToPmacctd } = capture
  return [
    '## A capture in one process',
    `${code(command)}: ${number(packets)} packets of the same traffic in ${seconds.toFixed(1)} s by the clock, its start ` +
      `included: ${number(packetsPerSecond)} packets/s at ${number(cpuNsPerPacket)} ns CPU a packet, ` +
      `${ratioToPmacctd.toFixed(2)} times pmacctd, which counts ports and countries, and no hours.`
  ]
}

/** Sensors to counts at a steady rate. */
function liveTexts({ live }: BenchResults): string[] {
  if (live === undefined) return []
  return [
    '## Live',
    `${code('npm run bench -- --only live')}: four sensors follow folders in which captures are closed every 250 ms, for a ` +
      'minute a rate, on the same two cores as everything else and the load. A time is from the packet to its count ' +
      'being readable, so the quarter second in the file is part of it. A rate is held where every packet is counted ' +
      `and p99 is under 5 s. Load average at the end, by this and whatever else ran: ${live.loadAverageAtEnd}.`,
    table(
      [
        'packets/s',
        'p50 s',
        'p99 s',
        'held',
        'ns CPU a packet: tagger',
        'aggregator',
        'Kafka',
        'Redis',
        'a sensor'
      ],
      live.rates.map(({ packetsPerSecond, p50Seconds, p99Seconds, isHeld, stages }) => [
        number(packetsPerSecond),
        p50Seconds.toFixed(2),
        p99Seconds.toFixed(2),
        isHeld ? 'yes' : 'no',
        ...['tagger', 'aggregator', 'kafka', 'redis'].map((name) => stageNs(stages, name)),
        // Each sees a quarter of the packets.
        number(4 * (stages.find(({ name }) => name.includes('-'))?.cpuNsPerPacket ?? 0))
      ])
    )
  ]
}

function stageNs(stages: readonly StageUsage[], name: string): string {
  return number(stages.find((stage) => stage.name === name)?.cpuNsPerPacket ?? 0)
}

/** How cost and memory grow. */
function growthTexts({ growth }: BenchResults): string[] {
  if (growth === undefined) return []
  return [
    '## As a deployment grows',
    `${code('npm run bench -- --only growth')}: two million packets each time, decoded, tagged, located, added up and put ` +
      'to Redis half an hour at a time; memory is what Redis holds then.',
    table(
      ['sensors', 'sources in the pool', 'days', 'ns CPU a packet', "Redis' ns CPU a packet", 'Redis MiB'],
      growth.map((row) => [
        number(row.sensors),
        number(row.sources),
        number(row.days),
        number(row.cpuNsPerPacket),
        number(row.redisCpuNsPerPacket),
        mebibytes(row.redisBytes)
      ])
    ),
    'A packet costs more where fewer of them share a cell (minute, sensor, port and tags): with more sensors or days the ' +
      'same packets are spread over more cells, and with more sources fewer are known from a moment ago. A cell that ' +
      'is written is some 6 bytes; the packets that it stands for cost nothing more.'
  ]
}

/** What most sensors are. */
function smallTexts({ small }: BenchResults): string[] {
  if (small === undefined) return []
  return [
    '## A small telescope',
    table(
      ['what', 'measured', 'promised'],
      [
        ['a sensor at 100 packets/s, MiB resident', `${small.sensorResidentMib}`, 'under 90'],
        ['the same, % of a core', (small.sensorCpuShare * 100).toFixed(1), 'under 2'],
        [`${code('stormpetrel --help')}, ms`, `${small.helpMs}`, 'under 150'],
        [`${code('stormpetrel up')} until it answers, geo cache warm, ms`, `${small.upReadyMs}`, 'under 2000']
      ]
    )
  ]
}

/** Two quarters of a telescope, from captures to a page. */
function reportTexts({ report }: BenchResults): string[] {
  if (report === undefined) return []
  const { packets, synthSeconds, seconds, cpuSeconds, peakRssMib, store, rises } = report
  return [
    '## The report of two quarters',
    `Scenario tsubame-2022q2 at 200,000 packets a day: ${number(packets)} packets, made in ${synthSeconds} s.`,
    table(
      ['what', 'measured', 'promised'],
      [
        ['captures to finished HTML, s', `${seconds}`, 'under 90'],
        ['the same, CPU s', `${cpuSeconds}`, ''],
        ['the same, MiB at most', `${peakRssMib}`, 'under 572'],
        [
          `${number(store.packets)} packets of a month replayed as a run, over Kafka and Redis, s`,
          `${store.replaySeconds}`,
          ''
        ],
        [
          'the report of half of that month, from the run’s store, its hours judged, s',
          `${store.reportSeconds}`,
          ''
        ]
      ]
    ),
    'Its dated rises, and how many days later (or earlier) one was told to have begun:',
    table(
      ['series', 'date', 'days', 'promised'],
      rises.map(({ series, date, days, mostDays }) => [
        code(series),
        date,
        days === null ? 'not found' : `${days}`,
        `within ${mostDays}`
      ])
    )
  ]
}

/** What limits it now. */
function profileTexts({ profiles = [] }: BenchResults): string[] {
  if (profiles.length === 0) return []
  return [
    '## Where the time goes',
    "Shares of what each process does, by V8's profile in a drain of its own:",
    table(
      ['process', 'part', '%'],
      profiles.flatMap(({ service, rows }) =>
        rows.map(({ area, share }) => [service, area, (share * 100).toFixed(1)])
      )
    )
  ]
}

/** What a telescope of many small sensors needs of Redis. */
function memoryTexts({ memory }: BenchResults): string[] {
  if (memory === undefined) return []
  const { sensors, vantages, packetsASensorAndDay, slots, rows, totalBytes } = memory
  return [
    '## Memory of Redis',
    `${code('npm run bench -- --only memory')}: ${sensors} sensors in ${vantages} vantages, ` +
      `${number(packetsASensorAndDay)} packets a sensor and day, ${slots} slots. One day is counted, and what Redis says ` +
      'of its keys is taken as often as days, hours and minutes of them are kept: 48 hours of minutes, 14 days of ' +
      'hours, and 182 days in UTC and in Asia/Tokyo.',
    table(
      ['keys', 'of one day', 'bytes of one day', 'times', 'MiB'],
      rows
        .filter(({ times }) => times > 0)
        .map(({ kind, keys, bytes, times }) => [
          kind,
          number(keys),
          number(bytes),
          `${times}`,
          mebibytes(bytes * times)
        ])
    ),
    `${mebibytes(totalBytes)} MiB in all.`
  ]
}

/** Packets a second that the largest telescopes may come to. */
const PLANNED = [10_000_000, 100_000_000]
/** A core is planned for so much of its time. */
const PLANNED_LOAD = 0.7
/** One broker is planned for so many bytes a second, in and out: a tenth of what its network and disks take. */
const BROKER_BYTES = 500e6
const REPLICAS = 3

/** Partitions, workers and slots past one machine, by arithmetic from the drain. */
function planTexts({ drain }: BenchResults): string[] {
  if (drain === undefined) return []
  const nsOf = (name: string): number =>
    drain.stages.find((stage) => stage.name === name)?.cpuNsPerPacket ?? 0
  const rows = PLANNED.map((rate) => {
    const workers = (name: string): number => Math.ceil((rate * nsOf(name)) / 1e9 / PLANNED_LOAD)
    const [taggers, aggregators] = [workers('tagger'), workers('aggregator')]
    const bytes = rate * (drain.rawBytesPerPacket + drain.enrichedBytesPerPacket) * (REPLICAS + 1)
    const slots = Math.max(4, 4 * workers('redis'))
    return [
      number(rate),
      number(taggers),
      number(aggregators),
      number(Math.max(taggers, aggregators)),
      number(Math.ceil(bytes / BROKER_BYTES)),
      `${number(workers('redis'))} with ${number(slots)} slots`
    ]
  })
  return [
    '## Past one machine',
    'A tagger and an aggregator use one core each, and partitions divide the work: nothing else is shared, so workers are ' +
      `packets/s times their ns a packet, at ${PLANNED_LOAD * 100} % of a core. There are at least as many partitions as ` +
      `workers of a kind, and a sensor too big for one worker has several lanes. Brokers take every byte ${REPLICAS} times ` +
      `and give it once, at ${number(BROKER_BYTES / 1e6)} MB/s each. Redis is a cluster of so many masters; four slots a ` +
      'master even out the sensors that lie in them, and a store keeps the slots that it was made with.',
    table(['packets/s', 'taggers', 'aggregators', 'partitions', 'brokers', 'Redis masters'], rows)
  ]
}

function mebibytes(bytes: number): string {
  return number(Math.round(bytes / 2 ** 20))
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
