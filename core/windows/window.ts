// Windows of event time: start inclusive. Minutes and hours are UTC; days are UTC and each declared time zone.

/** How long a window is; a day has 23 to 25 hours where its zone changes the clock. */
export type WindowSize = 'minute' | 'hour' | 'day'

/** One window. `zone` is an IANA time zone name and always 'UTC' for minutes and hours. */
export interface Window {
  readonly size: WindowSize
  readonly zone: string
  /** Start, in seconds since 1970 UTC. */
  readonly startSeconds: number
}
