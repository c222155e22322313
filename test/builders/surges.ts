// Changes of surges with a few chosen fields.
import type { SurgeChange } from '../../core/surges/surge-change.ts'

/** A change of a step of 23/TCP that opens; fields that are left out have likely values. */
export function surgeChange(over: Partial<SurgeChange> = {}): SurgeChange {
  const { surge = 'a1', number = 1 } = over
  return {
    id: `${surge}-${number}`,
    surge,
    number,
    story: surge,
    series: 'port=23/TCP',
    kind: 'step',
    state: 'open',
    severity: 'notice',
    onsetSeconds: 1_652_000_400,
    onsetFromSeconds: 1_651_996_800,
    onsetToSeconds: 1_652_004_000,
    detectedSeconds: 1_652_011_200,
    hourEndSeconds: 1_652_011_200,
    closedSeconds: null,
    ratio: 2.3,
    score: 0.002,
    drivers: [
      { dimension: 'region', key: 'KR', share: 0.81 },
      { dimension: 'region', key: '', share: 0.19 }
    ],
    ...over
  }
}
