// Every baseline of the table.
import type { Baseline } from './baseline.ts'
import { EARS_C2 } from './ears.ts'
import { EWMA } from './ewma.ts'
import { GRAFANA_ADAPTIVE, GRAFANA_ROBUST } from './grafana.ts'
import { POISSON_CUSUM } from './poisson-cusum.ts'
import { WATCHTOWER } from './watchtower.ts'
import { Z_SCORE } from './z-score.ts'

/** In the order of the table. */
export const BASELINES: readonly Baseline[] = [
  Z_SCORE,
  EWMA,
  EARS_C2,
  POISSON_CUSUM,
  WATCHTOWER,
  GRAFANA_ADAPTIVE,
  GRAFANA_ROBUST
]
