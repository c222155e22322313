// The end of a run: until nothing is on its way any more, from the spools to the store.
import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosDeployment } from './deployment.ts'

/** What was still on its way when it was looked at. */
export interface Backlog {
  /** Batches in the spools; null where a sensor did not answer. */
  readonly spooled: number | null
  /** Records of packets.raw that no tagger has committed. */
  readonly untagged: number
  /** Records of packets.enriched that some slot has not counted. */
  readonly uncounted: number
  readonly capturedFrames: number
}

const LOOK_EVERY_MS = 1000
/** How often in a row nothing must be on its way, where all frames are known to have come, and where not. */
const LOOKS_WHEN_ALL_CAME = 3
const LOOKS_WHEN_NOT = 15

/**
 * Waits until nothing is on its way; `frames` is what the sensors must have read. Answers the last backlog and whether
 * it was empty in time.
 */
export async function drain(
  deployment: ChaosDeployment,
  frames: number,
  limitMs: number,
  tell: (text: string) => void
): Promise<{ readonly isDrained: boolean; readonly backlog: Backlog }> {
  const deadline = performance.now() + limitMs
  const store = deployment.store()
  const bus = deployment.bus()
  await store.start()
  await bus.start()
  try {
    let quiet = 0
    for (let looks = 0; ; looks++) {
      const backlog = await backlogOf(deployment, store, bus)
      const isEmpty = backlog.spooled === 0 && backlog.untagged === 0 && backlog.uncounted === 0
      quiet = isEmpty ? quiet + 1 : 0
      const isEnough = quiet >= (backlog.capturedFrames >= frames ? LOOKS_WHEN_ALL_CAME : LOOKS_WHEN_NOT)
      if (isEnough || performance.now() > deadline) return { isDrained: isEnough, backlog }
      if (looks % 5 === 4) tell(`draining: ${JSON.stringify(backlog)} of ${frames} frames`)
      await delay(LOOK_EVERY_MS)
    }
  } finally {
    await bus.stop()
    await store.stop()
  }
}

async function backlogOf(
  deployment: ChaosDeployment,
  store: ReturnType<ChaosDeployment['store']>,
  bus: ReturnType<ChaosDeployment['bus']>
): Promise<Backlog> {
  const waiting = await Promise.all(
    deployment.sensors.map((sensor) => deployment.metric(sensor, 'stormpetrel_spool_waiting_batches'))
  )
  const [rawEnds, tagged, enrichedEnds] = await Promise.all([
    bus.endOffsets('packets.raw'),
    bus.groupOffsets('packets.raw', deployment.group('tagger')),
    bus.endOffsets('packets.enriched')
  ])
  const counted = await store.countedUpTo('packets.enriched', enrichedEnds.length)
  const sensors = await store.sensorTotals()
  return {
    spooled: waiting.includes(null) ? null : waiting.reduce<number>((sum, each) => sum + (each ?? 0), 0),
    untagged: behind(rawEnds, tagged),
    uncounted: behind(enrichedEnds, counted),
    capturedFrames: sensors.reduce((sum, { capturedFrames }) => sum + capturedFrames, 0)
  }
}

function behind(ends: readonly number[], reached: readonly number[]): number {
  return ends.reduce((sum, end, i) => sum + Math.max(0, end - (reached[i] ?? 0)), 0)
}
