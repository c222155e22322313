// Days of a report straight from packets, exact, with hours for the surge judge; a day is held only while packets of it may come.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import { unpackRegion } from '../packets/region-code.ts'
import type { HourReading, SeriesHour } from '../surges/hourly-judge.ts'
import { TAG_BITS } from '../tags/rules.ts'
import { darkAddressCount, isActiveWithin, type Sensor } from '../telescope/sensor-list.ts'
import { portCode, portKeyOf } from '../windows/series.ts'
import { dayEndSeconds, windowStartSeconds } from '../windows/time-zone.ts'
import type { DayCounts, Pair, ReportDay } from './day-counts.ts'

const HOUR_SECONDS = 3600
const MIRAI = TAG_BITS.mirai
const KNOWN_SCANNER = TAG_BITS['known-scanner']

/** Packets, and each source once. */
interface Counted {
  packets: number
  readonly sources: Set<number>
}

/** What is read, and who is told of days and hours that are whole. */
export interface CaptureDaysOptions {
  readonly zone: string
  readonly sensors: readonly Sensor[]
  /** The country whose sensors the report is about; null for all sensors. */
  readonly country: string | null
  readonly fromSeconds: number
  readonly toSeconds: number
  /** In order of time, with the sensors that sent anything of it. */
  readonly onDay: (day: ReportDay, sensors: ReadonlySet<string>) => void
  /** Hours of UTC in order of time, without known scanners, as the vantage saw them. */
  readonly onHour: (hour: HourReading) => void
}

/** Takes batches of any sensors; `wholeUpTo` says that nothing older will come. */
export class CaptureDays {
  readonly #options: CaptureDaysOptions
  readonly #days = new Map<number, OpenDay>()
  readonly #hours = new Map<number, OpenHour>()
  readonly #isOurs: ReadonlyMap<string, boolean>
  /** Packets that came when their time was whole already: they are in no count. */
  latePackets = 0
  #wholeSeconds = 0

  constructor(options: CaptureDaysOptions) {
    this.#options = options
    this.#isOurs = new Map(
      options.sensors.map(({ id, country }) => [id, options.country === null || country === options.country])
    )
  }

  /** Counts a batch; it may be overwritten afterwards. */
  add({ packets, name }: EnrichedBatch): void {
    const { fromSeconds, toSeconds, zone } = this.#options
    const isOurs = this.#isOurs.get(name.sensor) ?? this.#options.country === null
    let day: OpenDay | null = null
    let hour: OpenHour | null = null
    for (let row = 0; row < packets.length; row++) {
      const seconds = packets.seconds[row]!
      if (seconds < fromSeconds || seconds >= toSeconds) continue
      if (day === null || seconds < day.startSeconds || seconds >= day.endSeconds) {
        day = this.#openDay(windowStartSeconds('day', zone, seconds))
        if (day === null) {
          this.latePackets += 1
          continue
        }
        day.sensors.add(name.sensor)
      }
      const port = portCode(packets.protocol[row]!, packets.dstPort[row]!)
      const region = packets.region[row]!
      const tags = packets.tags[row]!
      day.countEverywhere(port, region)
      if (!isOurs) continue
      day.isObserved = true
      const src = sourceOf(packets.ipVersion[row]!, packets.src, row << 2)
      const isMirai = (tags & MIRAI) !== 0
      day.count(port, region, isMirai, src)
      const hourStart = seconds - (seconds % HOUR_SECONDS)
      // The judge has had that hour; the day has not been given.
      if (hourStart + HOUR_SECONDS <= this.#wholeSeconds) continue
      if (hour === null || hour.startSeconds !== hourStart) hour = this.#hourOf(hourStart)
      hour.sensors.add(name.sensor)
      if ((tags & KNOWN_SCANNER) === 0) hour.count(port, region, isMirai, src)
    }
  }

  /** Nothing older than this will come: what is over by then is given. */
  wholeUpTo(seconds: number): void {
    this.#wholeSeconds = Math.max(this.#wholeSeconds, seconds)
    const { onDay, onHour } = this.#options
    for (const start of [...this.#hours.keys()].sort((a, b) => a - b)) {
      if (start + HOUR_SECONDS > seconds) continue
      const hour = this.#hours.get(start)!
      onHour(hour.reading(this.#darkAddresses(hour.sensors, start, start + HOUR_SECONDS)))
      this.#hours.delete(start)
    }
    for (const start of [...this.#days.keys()].sort((a, b) => a - b)) {
      const day = this.#days.get(start)!
      if (day.endSeconds > seconds) continue
      this.#days.delete(start)
      // What other countries' sensors alone saw is no day of this vantage.
      if (day.isObserved)
        onDay(day.report(this.#darkAddresses(day.sensors, start, day.endSeconds)), day.sensors)
    }
  }

  #darkAddresses(seen: ReadonlySet<string>, startSeconds: number, endSeconds: number): number {
    return this.#options.sensors
      .filter((sensor) => seen.has(sensor.id) && isActiveWithin(sensor, startSeconds, endSeconds))
      .filter(({ id }) => this.#isOurs.get(id) === true)
      .reduce((sum, sensor) => sum + darkAddressCount(sensor, 4), 0)
  }

  /** Null where the day was given already. */
  #openDay(startSeconds: number): OpenDay | null {
    const open = this.#days.get(startSeconds)
    if (open !== undefined) return open
    const day = new OpenDay(startSeconds, dayEndSeconds(this.#options.zone, startSeconds))
    if (day.endSeconds <= this.#wholeSeconds) return null
    this.#days.set(startSeconds, day)
    return day
  }

  #hourOf(startSeconds: number): OpenHour {
    let hour = this.#hours.get(startSeconds)
    if (hour === undefined) {
      hour = new OpenHour(startSeconds)
      this.#hours.set(startSeconds, hour)
    }
    return hour
  }
}

/** A source as a number: an IPv4 address, or the first 53 bits of an IPv6 one above all of those. */
function sourceOf(version: number, src: Uint32Array, at: number): number {
  return version === 4 ? src[at]! : 2 ** 32 + src[at]! * 2 ** 21 + (src[at + 1]! >>> 11)
}

type Cells = Map<number, Counted>

function countIn(cells: Cells, key: number, src: number): void {
  let counted = cells.get(key)
  if (counted === undefined) {
    counted = { packets: 0, sources: new Set() }
    cells.set(key, counted)
  }
  counted.packets += 1
  counted.sources.add(src)
}

/** By port and region, Mirai-type apart. */
class Cube {
  readonly ports: Cells = new Map()
  readonly regions: Cells = new Map()
  readonly miraiPorts: Cells = new Map()
  readonly miraiRegions: Cells = new Map()

  count(port: number, region: number, isMirai: boolean, src: number): void {
    countIn(this.ports, port, src)
    countIn(this.regions, region, src)
    if (!isMirai) return
    countIn(this.miraiPorts, port, src)
    countIn(this.miraiRegions, region, src)
  }
}

/** A source has one region, so that the regions' sources add up. */
function sumOf(cells: Cells): Pair {
  const sum = { packets: 0, sources: 0 }
  for (const { packets, sources } of cells.values()) {
    sum.packets += packets
    sum.sources += sources.size
  }
  return sum
}

function namedPairs(cells: Cells, nameOf: (key: number) => string): Map<string, Pair> {
  return new Map(
    [...cells].map(([key, { packets, sources }]) => [nameOf(key), { packets, sources: sources.size }])
  )
}

class OpenDay extends Cube {
  readonly startSeconds: number
  readonly endSeconds: number
  readonly sensors = new Set<string>()
  /** Whether the vantage saw any of it. */
  isObserved = false
  readonly #ports = new Map<number, number>()
  readonly #regions = new Map<number, number>()

  constructor(startSeconds: number, endSeconds: number) {
    super()
    this.startSeconds = startSeconds
    this.endSeconds = endSeconds
  }

  countEverywhere(port: number, region: number): void {
    this.#ports.set(port, (this.#ports.get(port) ?? 0) + 1)
    this.#regions.set(region, (this.#regions.get(region) ?? 0) + 1)
  }

  report(darkAddresses: number): ReportDay {
    const vantage: DayCounts = {
      all: sumOf(this.regions),
      mirai: sumOf(this.miraiRegions),
      ports: namedPairs(this.ports, portKeyOf),
      regions: namedPairs(this.regions, unpackRegion),
      miraiPorts: namedPairs(this.miraiPorts, portKeyOf),
      miraiRegions: namedPairs(this.miraiRegions, unpackRegion)
    }
    const everywhere = {
      ports: new Map([...this.#ports].map(([key, packets]) => [portKeyOf(key), packets])),
      regions: new Map([...this.#regions].map(([key, packets]) => [unpackRegion(key), packets]))
    }
    return { startSeconds: this.startSeconds, vantage, everywhere, darkAddresses }
  }
}

class OpenHour extends Cube {
  readonly startSeconds: number
  readonly sensors = new Set<string>()

  constructor(startSeconds: number) {
    super()
    this.startSeconds = startSeconds
  }

  reading(darkAddresses: number): HourReading {
    const series = new Map<string, SeriesHour>([['all', sumOf(this.regions)]])
    const put = (cells: Cells, nameOf: (key: number) => string): void => {
      for (const [name, pair] of namedPairs(cells, nameOf)) series.set(name, pair)
    }
    put(this.ports, (key) => `port=${portKeyOf(key)}`)
    put(this.regions, (key) => `region=${unpackRegion(key)}`)
    if (this.miraiRegions.size > 0) series.set('tag=mirai', sumOf(this.miraiRegions))
    put(this.miraiPorts, (key) => `port=${portKeyOf(key)},tag=mirai`)
    put(this.miraiRegions, (key) => `region=${unpackRegion(key)},tag=mirai`)
    return { startSeconds: this.startSeconds, isObserved: true, darkAddresses, series }
  }
}
