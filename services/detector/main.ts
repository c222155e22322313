// `stormpetrel detector`: builds the parts, in order, from the configuration.
import { RedisSurgeStore } from '../../adapters/redis-surge-store.ts'
import { readSensorList } from '../../adapters/sensor-list-file.ts'
import type { Configuration } from '../../core/configuration.ts'
import { liveNamespace } from '../../core/store/run-settings.ts'
import { SeriesJudge } from '../../core/surges/series-judge.ts'
import type { SurgeSettings } from '../../core/surges/settings.ts'
import { thresholdsOf } from '../../core/surges/thresholds.ts'
import { createBus, createStore, groupOf } from '../connections.ts'
import { Life } from '../life.ts'
import { processLog } from '../log.ts'
import { detectorReadings } from '../metrics/readings.ts'
import { serveUntilEnd } from '../serve-until-end.ts'
import { Detector } from './detector.ts'
import { DetectorCounters } from './metrics.ts'

/** Runs until SIGTERM or SIGINT. Rejects where a part fails: the process is to exit then. */
export async function runDetector(configuration: Configuration, version: string): Promise<void> {
  const log = processLog('detector')
  const life = new Life()
  const { sensors } = await readSensorList(configuration.sensorsFile)
  const thresholds = thresholdsOf(surgeSettingsOf(configuration))
  const counters = new DetectorCounters(Math.floor(Date.now() / 1000))
  const bus = createBus(configuration, null, ['surges', 'packets.enriched'], log, { isCounting: true })
  const counts = createStore(configuration, null, 'read')
  const surges = new RedisSurgeStore(configuration.redisUrl, liveNamespace(configuration.topicPrefix))
  const detector = new Detector({
    counts,
    surges,
    bus,
    group: groupOf(configuration, null, 'detector'),
    sensors,
    samplesPackets: true,
    makeJudge: (parts) => new SeriesJudge(thresholds, parts),
    pagesPerQuarter: configuration.surgePagesPerQuarter,
    counters,
    log,
    onFailure: life.fail,
    intervalMs: configuration.detectorIntervalSeconds * 1000
  })
  const parts = [counts, surges, bus, detector]
  const readings = () => detectorReadings(counters)
  await serveUntilEnd(configuration, life, { name: 'detector', version, parts, readings, log })
}

function surgeSettingsOf(configuration: Configuration): SurgeSettings {
  const { surgeFalseAlarms, surgeSmallestRatio, surgeSmallestCount } = configuration
  return {
    falseAlarms: surgeFalseAlarms,
    smallestRatio: surgeSmallestRatio,
    smallestCount: surgeSmallestCount
  }
}
