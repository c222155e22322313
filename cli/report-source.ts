// What a report is read from gives this, whether captures, a store or files of export.
import type { CollectedDays } from '../core/report/collected-days.ts'
import type { DataQuality } from '../core/report/model.ts'
import type { SurgeChange } from '../core/surges/surge-change.ts'

/** What a source gave. */
export interface ReportSource {
  readonly days: CollectedDays
  /** Null where there were no hours to be judged. */
  readonly surges: readonly SurgeChange[] | null
  /** Whether they are those of all sensors, whatever the report is of. */
  readonly areSurgesOfAll: boolean
  readonly quality: Omit<DataQuality, 'areSurgesJudged' | 'areSurgesOfAll'>
  /** The scenario, where the packets are synthetic. */
  readonly synthetic: string | null
}
