// What a run was made with. Playing a file again changes nothing only as long as it gives the same batches.
import { BATCHING_VERSION, type BatchLimits } from '../batch/batcher.ts'

/** Settings that a run keeps for life. */
export interface RunSettings {
  readonly batchingVersion: string
  readonly limits: BatchLimits
  /** The sensor of all captures; null where each is of the sensor that its folder is named as. */
  readonly sensor: string | null
  readonly partitions: number
  /** The scenario that its packets were made from; absent or null for real ones. It changes no batch. */
  readonly synthetic?: string | null
}

/** A run as it is listed. */
export interface Run {
  readonly id: string
  readonly createdMs: number
  readonly settings: RunSettings
}

/** The settings of a run that is made now. */
export function runSettings(
  sensor: string | null,
  limits: BatchLimits,
  partitions: number,
  synthetic: string | null
): RunSettings {
  return { batchingVersion: BATCHING_VERSION, limits, sensor, partitions, synthetic }
}

/** Run ids go into topic names and keys: letters, digits, `.`, `_` and `-`, 1 to 40 of them. */
export function isRunId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(text)
}

/** In one line, with its keys in one order, so that two settings are equal when their texts are. */
export function formatRunSettings({ batchingVersion, limits, sensor, partitions }: RunSettings): string {
  const { frames, sizeBytes, packetTimeSeconds } = limits
  return JSON.stringify({ batchingVersion, sensor, partitions, frames, sizeBytes, packetTimeSeconds })
}

/** What is in front of a run's topics, after the deployment's own prefix. */
export function runTopicPrefix(id: string): string {
  return `replay.${id}.`
}

/** What is in front of all keys of a deployment: those that share a Redis are kept apart by their topic prefix. */
function deploymentNamespace(topicPrefix: string): string {
  return topicPrefix === '' ? 'stormpetrel' : `stormpetrel/${topicPrefix}`
}

/** What is in front of a run's keys. */
export function runNamespace(topicPrefix: string, id: string): string {
  return `${deploymentNamespace(topicPrefix)}:run:${id}`
}

/** What is in front of the live counts' keys. */
export function liveNamespace(topicPrefix: string): string {
  return `${deploymentNamespace(topicPrefix)}:live`
}

/** The key of the list of a deployment's runs. */
export function runListKey(topicPrefix: string): string {
  return `${deploymentNamespace(topicPrefix)}:runs`
}
