// The packets of one day of a scenario, in order of time. A day does not depend on those before it, so that any part of a
// scenario can be made alone.
import { ABSENT } from '../packets/packet-columns.ts'
import { parsePortKey } from '../headers/protocols.ts'
import { parsePrefix, prefixAddresses } from '../headers/prefix.ts'
import { windowStartSeconds } from '../windows/time-zone.ts'
import { levelAt } from './curve.ts'
import { Draws } from './draws.ts'
import type { PacketFacts } from './packet-maker.ts'
import type { RegionSpace } from './region-space.ts'
import type { Flow, FlowRegion, Scenario, ScenarioSensor } from './scenario.ts'

const DAY_SECONDS = 86_400
const DAY_MS = 86_400_000
/** No two days of a flow are the same. */
const DAILY_DEVIATION = 0.03
/** On Saturday and Sunday, where a flow swings with the day at all. */
const WEEKEND_SHARE = 0.94
/** Beside a time in milliseconds, in one number that can be sorted. */
const MOST_PACKETS = 2 ** 24

/** How much of a scenario is made, and which of its many equals. */
export interface DayMakerOptions {
  /** At the sensors that are there from the first day. */
  readonly packetsPerDay: number
  readonly seed: number
}

/** One packet: to which sensor, when by that sensor's clock, and what. */
export interface SynthPacket {
  /** Its number in the scenario. */
  sensor: number
  seconds: number
  nanoseconds: number
  readonly facts: { -readonly [K in keyof PacketFacts]: PacketFacts[K] }
}

/** Makes days; `forEach` gives the same object again and again. */
export class DayMaker {
  readonly #scenario: Scenario
  readonly #options: DayMakerOptions
  readonly #space: RegionSpace
  readonly #flows: readonly PreparedFlow[]
  readonly #sensors: readonly Targets[]
  #columns = new Columns(1024)

  /** Throws RangeError where a flow names a region that has no addresses. */
  constructor(scenario: Scenario, options: DayMakerOptions, space: RegionSpace) {
    this.#scenario = scenario
    this.#options = options
    this.#space = space
    this.#sensors = scenario.sensors.map((sensor) => targetsOf(sensor))
    this.#flows = scenario.flows.map((flow) => this.#prepare(flow))
  }

  /** Start of a day, in seconds since 1970. */
  startSeconds(day: number): number {
    return windowStartSeconds('day', this.#scenario.zone, day * DAY_SECONDS + DAY_SECONDS / 2)
  }

  /** Every packet of a day, in order of time. */
  forEach(day: number, take: (packet: SynthPacket) => void): void {
    this.#fill(day)
    const columns = this.#columns
    const order = columns.order()
    const start = this.startSeconds(day)
    // A day on which the clocks change has 23 or 25 hours.
    const pace = (this.startSeconds(day + 1) - start) / DAY_SECONDS
    const packet: SynthPacket = {
      sensor: 0,
      seconds: 0,
      nanoseconds: 0,
      facts: { tool: 'mirai', src: 0, dst: 0, protocol: 0, port: 0, word: 0 }
    }
    for (const key of order) {
      const row = key % MOST_PACKETS
      const ms = Math.floor(((key - row) / MOST_PACKETS) * pace)
      const sensor = columns.sensor[row]!
      const flow = this.#flows[columns.flow[row]!]!
      packet.sensor = sensor
      packet.seconds = start + Math.floor(ms / 1000) + this.#scenario.sensors[sensor]!.clockAheadSeconds
      packet.nanoseconds = (ms % 1000) * 1e6 + (columns.word[row]! % 1_000_000)
      const { facts } = packet
      facts.tool = flow.flow.tool
      facts.src = columns.src[row]!
      facts.dst = columns.dst[row]!
      facts.protocol = columns.protocol[row]!
      facts.port = columns.port[row]!
      facts.word = columns.word[row]!
      take(packet)
    }
  }

  #prepare(flow: Flow): PreparedFlow {
    const home = this.#scenario.sensors[0]!.country
    const weights = this.#scenario.sensors.map(
      ({ country }, i) => this.#sensors[i]!.total * (country === home ? 1 : flow.elsewhere)
    )
    const isThere = ({ activeFromDay }: ScenarioSensor): boolean =>
      activeFromDay === null || activeFromDay <= this.#scenario.fromDay
    const nominal = this.#sensors
      .filter((_, i) => isThere(this.#scenario.sensors[i]!))
      .reduce((sum, { total }) => sum + total, 0)
    const normal = flow.regions.map((region) => 1 / meanLevel(flow, region, this.#scenario.reference))
    const allPackets = this.#scenario.flows.reduce((sum, { packets }) => sum + packets, 0)
    const regionWeight = flow.regions.reduce((sum, { weight }) => sum + weight, 0)
    for (const { region } of flow.regions) {
      if (!this.#space.has(region, flow.space))
        throw new RangeError(`flow ${flow.name}: region ${region} has no addresses of ${flow.space}`)
    }
    return {
      flow,
      sensors: new Weighted(weights),
      // Sensors that come later get packets of their own.
      perPacket: weights.reduce((sum, weight) => sum + weight, 0) / nominal,
      ports: new Weighted(flow.ports.map(({ weight }) => weight)),
      means: flow.regions.map(
        (region, i) => (flow.packets * region.weight * normal[i]!) / regionWeight / allPackets
      ),
      normal
    }
  }

  #fill(day: number): void {
    this.#columns.length = 0
    const isWeekend = [0, 6].includes((day + 4) % 7)
    for (const [number, prepared] of this.#flows.entries()) {
      const { flow, means, perPacket } = prepared
      const level = levelAt(flow.curve, day) * (isWeekend && flow.daySwing > 0 ? WEEKEND_SHARE : 1)
      for (const [i, region] of flow.regions.entries()) {
        const draws = new Draws(this.#options.seed, flow.name, region.region, day)
        const regionLevel = levelAt(region.curve, day)
        const mean = this.#options.packetsPerDay * means[i]! * level * regionLevel * perPacket
        const count = draws.rounded(mean * draws.factor(DAILY_DEVIATION))
        this.#fillRegion(
          number,
          prepared,
          region,
          day,
          count,
          regionLevel * level * prepared.normal[i]!,
          draws
        )
      }
    }
  }

  #fillRegion(
    number: number,
    { flow, sensors, ports }: PreparedFlow,
    region: FlowRegion,
    day: number,
    count: number,
    share: number,
    draws: Draws
  ): void {
    const columns = this.#columns
    const heavy = this.#heavySources(flow, region, day, share)
    const tail = heavy.sources.length === 0 ? count : draws.rounded(count * region.tail)
    const peakMs = draws.below(1) + (peakHourOf(region.region) * DAY_MS) / 24
    for (let i = 0; i < count; i++) {
      const src =
        i < tail
          ? this.#space.draw(region.region, flow.space, draws)
          : heavy.sources[heavy.weights.draw(draws)]!
      const sensor = sensors.draw(draws)
      const ms = timeOfDay(flow.daySwing, peakMs, draws)
      const key = flow.ports[ports.draw(draws)]!.key
      const dst = this.#sensors[sensor]!.draw(draws)
      const word = draws.word()
      // Drawn all the same: a sensor that is away changes nothing of what the others see.
      if (isListening(this.#scenario.sensors[sensor]!, day))
        columns.add(ms, sensor, number, src, dst, key, word)
    }
  }

  /**
   * The sources that send again and again, as many more as the level is above its mean; each is there for the flow's life, and
   * then another one.
   */
  #heavySources(
    flow: Flow,
    { region, heavy }: FlowRegion,
    day: number,
    share: number
  ): { sources: number[]; weights: Weighted } {
    const length = heavy === 0 ? 0 : Math.max(1, Math.round(heavy * share))
    const sources = Array.from({ length }, (_, place) => {
      const offset = new Draws(this.#options.seed, flow.name, region, 'life', place).below(flow.lifeDays)
      const life = Math.floor((day + offset) / flow.lifeDays)
      return this.#space.draw(
        region,
        flow.space,
        new Draws(this.#options.seed, flow.name, region, 'source', place, life)
      )
    })
    return { sources, weights: new Weighted(sources.map((_, place) => 1 / (place + 1))) }
  }
}

/** A flow with what does not change from day to day. */
interface PreparedFlow {
  readonly flow: Flow
  readonly sensors: Weighted
  /** Packets at all sensors, those that come later too, for one at those of the first day. */
  readonly perPacket: number
  readonly ports: Weighted
  /** Of each region, the share of a day's packets where both curves are 1. */
  readonly means: readonly number[]
  /** Of each region, what its curves are multiplied by to be 1 on the mean. */
  readonly normal: readonly number[]
}

function meanLevel(flow: Flow, region: FlowRegion, [from, to]: readonly [number, number]): number {
  let sum = 0
  for (let day = from; day < to; day++) sum += levelAt(flow.curve, day) * levelAt(region.curve, day)
  return sum / (to - from) || 1
}

function isListening({ activeFromDay, down }: ScenarioSensor, day: number): boolean {
  if (activeFromDay !== null && day < activeFromDay) return false
  return down === null || day < down[0] || day >= down[1]
}

/** By rejection: as often as not at once. */
function timeOfDay(swing: number, peakMs: number, draws: Draws): number {
  for (;;) {
    const ms = Math.floor(draws.uniform() * DAY_MS)
    if (swing === 0) return ms
    const level = (1 + swing * Math.cos((2 * Math.PI * (ms - peakMs)) / DAY_MS)) / (1 + swing)
    if (draws.uniform() < level) return ms
  }
}

/** Every region is busiest at an hour of its own. */
function peakHourOf(region: string): number {
  return (region.charCodeAt(0) * 7 + region.charCodeAt(1) * 3) % 24
}

/** Draws a number by weight. */
class Weighted {
  readonly #sums: Float64Array

  constructor(weights: readonly number[]) {
    this.#sums = new Float64Array(weights.length)
    let sum = 0
    for (const [i, weight] of weights.entries()) this.#sums[i] = sum += weight
  }

  draw(draws: Draws): number {
    const sums = this.#sums
    const wanted = draws.uniform() * sums[sums.length - 1]!
    let low = 0
    let high = sums.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle]! > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}

interface Targets {
  readonly total: number
  draw(draws: Draws): number
}

/** The dark addresses of a sensor. */
function targetsOf({ darkSpace }: ScenarioSensor): Targets {
  const prefixes = darkSpace.map((text) => parsePrefix(text)!)
  const sizes = prefixes.map(prefixAddresses)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  return {
    total,
    draw: (draws) => {
      let at = draws.below(total)
      let prefix = 0
      while (at >= sizes[prefix]!) at -= sizes[prefix++]!
      return (prefixes[prefix]!.words[0]! + at) >>> 0
    }
  }
}

/** The packets of a day, a row each, in memory that grows once and stays. */
class Columns {
  length = 0
  ms: Float64Array
  sensor: Uint8Array
  flow: Uint16Array
  src: Uint32Array
  dst: Uint32Array
  protocol: Uint8Array
  port: Uint16Array
  word: Uint32Array
  readonly #portsByKey = new Map<string, { readonly protocol: number; readonly port: number | 'any' }>()

  constructor(capacity: number) {
    this.ms = new Float64Array(capacity)
    this.sensor = new Uint8Array(capacity)
    this.flow = new Uint16Array(capacity)
    this.src = new Uint32Array(capacity)
    this.dst = new Uint32Array(capacity)
    this.protocol = new Uint8Array(capacity)
    this.port = new Uint16Array(capacity)
    this.word = new Uint32Array(capacity)
  }

  add(ms: number, sensor: number, flow: number, src: number, dst: number, key: string, word: number): void {
    if (this.length === this.ms.length) this.#grow()
    const { protocol, port } = this.#portOf(key)
    const row = this.length++
    this.ms[row] = ms
    this.sensor[row] = sensor
    this.flow[row] = flow
    this.src[row] = src
    this.dst[row] = dst
    this.protocol[row] = protocol
    this.port[row] = port === 'any' ? 1024 + ((word >>> 8) % 64_512) : port
    this.word[row] = word
  }

  /** Time and row in one number each, sorted. */
  order(): Float64Array {
    const keys = new Float64Array(this.length)
    for (let row = 0; row < this.length; row++) keys[row] = this.ms[row]! * MOST_PACKETS + row
    return keys.sort()
  }

  #portOf(key: string): { readonly protocol: number; readonly port: number | 'any' } {
    let known = this.#portsByKey.get(key)
    if (known === undefined) {
      if (key.startsWith('other/')) known = { protocol: key === 'other/UDP' ? 17 : 6, port: 'any' }
      else {
        const { protocol, port } = parsePortKey(key)!
        known = { protocol, port: port === ABSENT ? 0 : port }
      }
      this.#portsByKey.set(key, known)
    }
    return known
  }

  #grow(): void {
    if (this.length >= MOST_PACKETS) throw new RangeError(`a day has at most ${MOST_PACKETS} packets`)
    const larger = new Columns(this.ms.length * 2)
    for (const name of ['ms', 'sensor', 'flow', 'src', 'dst', 'protocol', 'port', 'word'] as const) {
      larger[name].set(this[name])
      Object.assign(this, { [name]: larger[name] })
    }
  }
}
