// What the detector is told of one series and hour.

/** Counts of one series in one hour. */
export interface HourCounts {
  readonly packets: number
  /** Unique sources; null where nobody counted them: then packets are judged, and no heavy hitter is told. */
  readonly sources: number | null
  /** What the busiest and the second busiest sensor counted (of what is judged); null where sensors are not told apart. */
  readonly busiest: BusiestSensor | null
  /** Dark addresses that listened; null where it is not known, and then they are taken to be always the same. */
  readonly darkAddresses: number | null
}

/** The sensors that counted most in an hour. */
export interface BusiestSensor {
  /** A whole number for the sensor, below 4096 and the same in every hour of a series. */
  readonly sensor: number
  readonly count: number
  /** What the second busiest counted; 0 where there is one sensor only. */
  readonly secondCount: number
}
