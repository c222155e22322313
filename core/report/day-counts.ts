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
  /** Dark addresses that listened, of the vantage and of all sensors; 0 where none are declared. */
  readonly darkAddresses: number
  readonly darkAddressesEverywhere: number
}

/** Packets of every key over many days, small ones too, and the sum of daily unique sources. */
export interface Totals {
  readonly all: Pair
  readonly mirai: Pair
  readonly ports: ReadonlyMap<string, Pair>
  readonly regions: ReadonlyMap<string, Pair>
  readonly miraiPorts: ReadonlyMap<string, Pair>
  readonly miraiRegions: ReadonlyMap<string, Pair>
}

/** Days added up. Sources are the sum of daily unique ones: a source counts once for each day on which it was seen. */
export function totalsOf(days: readonly DayCounts[]): Totals {
  const [all, mirai] = [
    { packets: 0, sources: 0 },
    { packets: 0, sources: 0 }
  ]
  const maps = [0, 1, 2, 3].map(() => new Map<string, Pair>())
  for (const day of days) {
    addPair(all, day.all)
    addPair(mirai, day.mirai)
    for (const [i, counts] of [day.ports, day.regions, day.miraiPorts, day.miraiRegions].entries()) {
      for (const [key, pair] of counts) addTo(maps[i]!, key, pair)
    }
  }
  const [ports, regions, miraiPorts, miraiRegions] = maps as [
    Map<string, Pair>,
    Map<string, Pair>,
    Map<string, Pair>,
    Map<string, Pair>
  ]
  return { all, mirai, ports, regions, miraiPorts, miraiRegions }
}

function addTo(sums: Map<string, Pair>, key: string, pair: Pair): void {
  const sum = sums.get(key)
  if (sum === undefined) sums.set(key, { ...pair })
  else addPair(sum, pair)
}

function addPair(sum: Pair, { packets, sources }: Pair): void {
  sum.packets += packets
  sum.sources += sources
}
