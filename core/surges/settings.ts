// What a user may set: three numbers.

/** The settings of the detector. */
export interface SurgeSettings {
  /** False alarms a series and quarter (91 days), whatever the number of series. */
  readonly falseAlarms: number
  /** Rises below this ratio to the baseline are no surge, however sure. */
  readonly smallestRatio: number
  /** Fewer sources than this in a window are no surge, however rare. */
  readonly smallestCount: number
}

/** As they are where nobody says otherwise. */
export const DEFAULT_SURGE_SETTINGS: SurgeSettings = {
  falseAlarms: 0.01,
  smallestRatio: 1.3,
  smallestCount: 5
}
