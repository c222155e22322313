// The surges that the detector has told of, from the live store.
import type { SurgeChange } from '../core/surges/surge-change.ts'
import { formatUtc } from '../core/windows/time-zone.ts'
import type { CliContext } from './context.ts'
import type { Value } from './output/text.ts'

/** A row a surge in the columns of surges.ts, by its newest change: open ones first, then the newest. */
export async function liveSurgeRows(context: CliContext): Promise<Value[][]> {
  const [{ RedisSurgeStore }, { liveNamespace }] = await Promise.all([
    import('../adapters/redis-surge-store.ts'),
    import('../core/store/run-settings.ts')
  ])
  const { redisUrl, topicPrefix } = context.configuration()
  const store = new RedisSurgeStore(redisUrl, liveNamespace(topicPrefix))
  await store.start()
  try {
    const changes = await store.surges()
    const isOpen = (change: SurgeChange): number => (change.closedSeconds === null ? 1 : 0)
    changes.sort(
      (a, b) =>
        isOpen(b) - isOpen(a) || b.detectedSeconds - a.detectedSeconds || (a.series < b.series ? -1 : 1)
    )
    return changes.map(valuesOf)
  } finally {
    await store.stop()
  }
}

function valuesOf(change: SurgeChange): Value[] {
  const { series, kind, detectedSeconds, closedSeconds, score, ratio } = change
  return [
    series,
    kind,
    closedSeconds === null ? 'open' : 'closed',
    formatUtc(change.onsetSeconds),
    formatUtc(change.onsetFromSeconds),
    formatUtc(change.onsetToSeconds),
    formatUtc(detectedSeconds),
    closedSeconds === null ? null : formatUtc(closedSeconds),
    Number(ratio.toFixed(2)),
    score === null ? null : Number(score.toPrecision(3))
  ]
}
