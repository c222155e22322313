// The .avsc files, one a topic.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TopicName } from '../../core/bus.ts'
import { packageRoot } from '../package-root.ts'

/** Topics of packets, in the order of a packet's way: a run has them too. */
export const PACKET_TOPICS: readonly TopicName[] = ['packets.raw', 'packets.enriched', 'packets.rejected']

/** Every topic. */
export const TOPIC_NAMES: readonly TopicName[] = [...PACKET_TOPICS, 'surges']

/** A record schema as its file says it. */
export interface RecordSchema {
  readonly type: 'record'
  readonly name: string
  readonly namespace?: string
  readonly doc: string
  readonly fields: readonly SchemaField[]
}

/** One field of a record schema; every one has a default, which FULL_TRANSITIVE needs. */
export interface SchemaField {
  readonly name: string
  readonly doc: string
  readonly type: SchemaType
  readonly default: unknown
}

/** An Avro type, as far as our schemas use them: a name, a union, an array, or a name with a logical type. */
export type SchemaType =
  | string
  | RecordSchema
  | readonly SchemaType[]
  | { readonly type: 'array'; readonly items: SchemaType }
  | { readonly type: string; readonly logicalType: string }

/** The newest schema of a topic's values, from schemas/<topic>.avsc. */
export function topicSchema(topic: TopicName): RecordSchema {
  return JSON.parse(readFileSync(join(packageRoot(), 'schemas', `${topic}.avsc`), 'utf8')) as RecordSchema
}

/** The text that is registered: the schema with its docs, without the file's layout. */
export function schemaText(topic: TopicName): string {
  return JSON.stringify(topicSchema(topic))
}
