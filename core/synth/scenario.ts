// What a scenario declares: which sensors listen, and what comes from where, by which tool, at which level on which day.
import type { Curve } from './curve.ts'

/** How a packet is made, by the rules of the tool that it stands for (core/synth/packet-maker.ts). */
export const TOOLS = ['mirai', 'zmap', 'masscan', 'linux', 'windows', 'echo', 'udp', 'backscatter'] as const

/** One of them. */
export type Tool = (typeof TOOLS)[number]

/** A sensor and when it listens; days since 1970, in the scenario's time zone. */
export interface ScenarioSensor {
  readonly id: string
  readonly name: string
  readonly partner: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** IPv4 prefixes. */
  readonly darkSpace: readonly string[]
  readonly activeFromDay: number | null
  /** Days on which it sends nothing, [from, to). */
  readonly down: readonly [fromDay: number, toDay: number] | null
  /** Its clock, against the right time. */
  readonly clockAheadSeconds: number
}

/** A part of a flow: what comes from one region. */
export interface FlowRegion {
  readonly region: string
  /** Among the flow's regions. */
  readonly weight: number
  /** Share of its packets that come from sources of one packet a day each. */
  readonly tail: number
  /** Sources beside those, that send all the rest. */
  readonly heavy: number
  readonly curve: Curve
}

/** What one kind of sender sends. */
export interface Flow {
  readonly name: string
  readonly tool: Tool
  /** Among all flows, on the mean of the reference days. */
  readonly packets: number
  /** By port keys such as 23/TCP, 53/UDP, ICMP; `other/TCP` is any of the ports 1024 to 65535. */
  readonly ports: readonly { readonly key: string; readonly weight: number }[]
  readonly regions: readonly FlowRegion[]
  /** Where its sources are: anywhere in their region, or in the networks of known scanners there. */
  readonly space: 'region' | 'known-scanners'
  /** So long a heavy source is there, before another takes its place. */
  readonly lifeDays: number
  /** Share by which its day swings around its mean hour, in the time of the region. */
  readonly daySwing: number
  /** Weight of sensors outside the first sensor's country, against those inside. */
  readonly elsewhere: number
  readonly curve: Curve
}

/** A scenario that can be played. */
export interface Scenario {
  readonly name: string
  /** Days since 1970 in `zone`, `toDay` exclusive. */
  readonly fromDay: number
  readonly toDay: number
  /** IANA time zone of its days. */
  readonly zone: string
  /** Levels are means over these days. */
  readonly reference: readonly [fromDay: number, toDay: number]
  readonly sensors: readonly ScenarioSensor[]
  readonly flows: readonly Flow[]
}
