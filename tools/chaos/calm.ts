// The same files counted once more, without faults, by a deployment of its own beside the first on the same servers:
// what no other code can say of the first (regions, AS numbers, the registers of its sources) must be equal in both.
import type { RedisStore } from '../../adapters/redis-store.ts'
import { storedWindows } from './comparison.ts'
import type { ChaosDeployment } from './deployment.ts'
import { drain } from './drain.ts'

/** How two stores differ. */
export interface CalmComparison {
  readonly cells: number
  readonly packetDifferences: number
  readonly estimates: number
  /** Estimates that are not the same number: the registers decide it alone. */
  readonly sourceDifferences: number
  readonly examples: readonly string[]
}

const EXAMPLES = 10
const DRAIN_LIMIT_MS = 900_000

/** Counts the captures by one tagger and one aggregator, and leaves the deployment stopped. */
export async function countCalmly(
  deployment: ChaosDeployment,
  frames: number,
  tell: (text: string) => void
): Promise<void> {
  await deployment.call('check', '--apply')
  await deployment.startWorkers(1)
  await deployment.startSensors()
  const { isDrained, backlog } = await drain(deployment, frames, DRAIN_LIMIT_MS, tell)
  await deployment.stop()
  if (!isDrained) throw new Error(`the calm count did not end in time: ${JSON.stringify(backlog)}`)
}

/** Every window and series of both. */
export async function compareStores(chaos: RedisStore, calm: RedisStore): Promise<CalmComparison> {
  const windows = new Map([...(await storedWindows(chaos)), ...(await storedWindows(calm))])
  const result = { cells: 0, packetDifferences: 0, estimates: 0, sourceDifferences: 0 }
  const examples: string[] = []
  const note = (text: string) => {
    if (examples.length < EXAMPLES) examples.push(text)
  }
  for (const [name, window] of windows) {
    const [one, other] = await Promise.all([chaos.packets(window), calm.packets(window)])
    const series = [...new Set([...one.keys(), ...other.keys()])]
    for (const each of series) {
      result.cells += 1
      if (one.get(each) === other.get(each)) continue
      result.packetDifferences += 1
      note(`${name} ${each}: ${one.get(each)} packets, calmly ${other.get(each)}`)
    }
    if (window.size === 'minute') continue
    const [sources, calmSources] = await Promise.all([
      chaos.sources(window, series),
      calm.sources(window, series)
    ])
    for (const each of series) {
      result.estimates += 1
      if (sources.get(each) === calmSources.get(each)) continue
      result.sourceDifferences += 1
      note(`${name} ${each}: ${sources.get(each)} sources, calmly ${calmSources.get(each)}`)
    }
  }
  return { ...result, examples }
}
