// The time zones whose days are counted.
import type { Configuration } from '../core/configuration.ts'

/** UTC first, then each declared zone. */
export function zonesOf(configuration: Configuration): string[] {
  return ['UTC', ...configuration.dayTimeZones.filter((zone) => zone !== 'UTC')]
}
