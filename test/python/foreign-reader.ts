// Runs test/python/read_enriched.py in the Python of the checkout: what another team's tools make of our topics.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../adapters/package-root.ts'

/** Somebody else's Avro. */
export const FOREIGN_READERS = ['confluent', 'fastavro'] as const

export type ForeignReader = (typeof FOREIGN_READERS)[number]

export interface ForeignSource {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly topicPrefix: string
}

const MAX_OUTPUT_BYTES = 2 ** 30
const run = promisify(execFile)

/** What packets.enriched and packets.rejected hold now, as records with the fields of `tag`: packets, then rejected frames. */
export async function readForeign(
  reader: ForeignReader,
  source: ForeignSource
): Promise<Record<string, unknown>[]> {
  const root = packageRoot()
  const options = Object.entries({
    brokers: source.brokers.join(','),
    registry: source.registryUrl,
    prefix: source.topicPrefix,
    reader
  }).flatMap(([name, value]) => [`--${name}`, value])
  const { stdout } = await run(
    path.join(root, '.cache/python/bin/python'),
    [path.join(root, 'test/python/read_enriched.py'), ...options],
    { maxBuffer: MAX_OUTPUT_BYTES }
  )
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
