// What a report counts of a day: packets and unique sources, of everything and by port and region, Mirai-type apart.

/** Packets, and unique sources of the day. */
export interface Pair {
  packets: number
  sources: number
}

/** One day, as a vantage saw it. */
export interface DayCounts {
  readonly all: Pair
  readonly mirai: Pair
  /** By key: '23/TCP', 'ICMP'. Ports with next to nothing may be left out; totals have them. */
  readonly ports: ReadonlyMap<string, Pair>
  /** By ISO 3166-1 alpha-2, 'ZZ' unknown. */
  readonly regions: ReadonlyMap<string, Pair>
  readonly miraiPorts: ReadonlyMap<string, Pair>
  readonly miraiRegions: ReadonlyMap<string, Pair>
}

/** A day that was observed. */
export interface ReportDay {
  readonly startSeconds: number
  /** What the report is about. */
  readonly vantage: DayCounts
  /** Packets at all sensors, by port and by region. */
  readonly everywhere: {
    readonly ports: ReadonlyMap<string, number>
    readonly regions: ReadonlyMap<string, number>
  }
  /** Dark addresses of the vantage that listened; 0 where none are declared. */
  readonly darkAddresses: number
}

/** What is kept of a day: ports with next to nothing are in the totals only, and so is what other vantages saw. */
export type KeptDay = Omit<ReportDay, 'everywhere'>

/** Packets of every key over many days, small ones too, and the sum of daily unique sources. */
export interface Totals {
  readonly all: Pair
  readonly mirai: Pair
  readonly ports: ReadonlyMap<string, Pair>
  readonly regions: ReadonlyMap<string, Pair>
  readonly miraiPorts: ReadonlyMap<string, Pair>
  readonly miraiRegions: ReadonlyMap<string, Pair>
  /** Packets at all sensors. */
  readonly everywhere: ReportDay['everywhere']
}

/** Ports with fewer packets than this on a day are kept in totals only: most of 65,536 ports get one now and then. */
const LEAST_PACKETS = 5
/** Of a day with no more ports than this all are kept. */
const FEW_PORTS = 2000

/** Days added up, small ports too. Sources are the sum of daily unique ones: one counts once for each day that saw it. */
export class TotalsSum implements Totals {
  readonly all: Pair = { packets: 0, sources: 0 }
  readonly mirai: Pair = { packets: 0, sources: 0 }
  readonly ports = new Map<string, Pair>()
  readonly regions = new Map<string, Pair>()
  readonly miraiPorts = new Map<string, Pair>()
  readonly miraiRegions = new Map<string, Pair>()
  readonly everywhere = { ports: new Map<string, number>(), regions: new Map<string, number>() }

  /** Adds a day. */
  add({ vantage: day, everywhere }: ReportDay): void {
    addPair(this.all, day.all)
    addPair(this.mirai, day.mirai)
    addAll(this.ports, day.ports)
    addAll(this.regions, day.regions)
    addAll(this.miraiPorts, day.miraiPorts)
    addAll(this.miraiRegions, day.miraiRegions)
    addPackets(this.everywhere.ports, everywhere.ports)
    addPackets(this.everywhere.regions, everywhere.regions)
  }
}

/** What is kept of a day, when it is in the totals. */
export function withoutSmallPorts({ startSeconds, darkAddresses, vantage }: ReportDay): KeptDay {
  if (vantage.ports.size <= FEW_PORTS) return { startSeconds, darkAddresses, vantage }
  const ports = new Map([...vantage.ports].filter(([, { packets }]) => packets >= LEAST_PACKETS))
  return { startSeconds, darkAddresses, vantage: { ...vantage, ports } }
}

function addPackets(sums: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [key, packets] of counts) sums.set(key, (sums.get(key) ?? 0) + packets)
}

function addAll(sums: Map<string, Pair>, counts: ReadonlyMap<string, Pair>): void {
  for (const [key, pair] of counts) {
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, { ...pair })
    else addPair(sum, pair)
  }
}

function addPair(sum: Pair, { packets, sources }: Pair): void {
  sum.packets += packets
  sum.sources += sources
}
