// What every peer of the benchmark gives back.

/** A program of others over the same packets: by the clock from its start to its last count, and of all its threads. */
export interface PeerResult {
  /** With its version, and the setting that matters. */
  readonly name: string
  readonly packets: number
  readonly seconds: number
  readonly packetsPerSecond: number
  readonly cpuNsPerPacket: number
}
