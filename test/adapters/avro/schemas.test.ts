import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { columnarType } from '../../../adapters/avro/column-types.ts'
import {
  type RecordSchema,
  type SchemaType,
  TOPIC_NAMES,
  topicSchema
} from '../../../adapters/avro/schemas.ts'
import { packageRoot } from '../../../adapters/package-root.ts'
import type { TopicName } from '../../../core/bus.ts'

/** Every version that was ever registered, packets.raw.1.avsc and so on; a new version of a schema is added here. */
const VERSIONS_FOLDER = path.join(packageRoot(), 'test/data/schemas')

/** packets.raw.3.avsc is version 3. */
function versionIn(name: string): number {
  return Number(name.split('.').at(-2))
}

function versionsOf(topic: TopicName): RecordSchema[] {
  const names = readdirSync(VERSIONS_FOLDER).filter((name) => name.startsWith(`${topic}.`))
  return names
    .sort((a, b) => versionIn(a) - versionIn(b))
    .map((name) => JSON.parse(readFileSync(path.join(VERSIONS_FOLDER, name), 'utf8')) as RecordSchema)
}

/** Paths of the fields that lack something, in all records of a schema. */
function incompleteFields(schema: RecordSchema): string[] {
  return schema.fields.flatMap(({ name, doc, type, ...rest }) => [
    ...(typeof doc === 'string' && doc.length > 10 && 'default' in rest ? [] : [`${schema.name}.${name}`]),
    ...recordsIn(type).flatMap(incompleteFields)
  ])
}

function recordsIn(type: SchemaType): RecordSchema[] {
  if (typeof type === 'string') return []
  if (Array.isArray(type)) return (type as readonly SchemaType[]).flatMap(recordsIn)
  if ('fields' in type) return [type]
  return 'items' in type ? recordsIn(type.items) : []
}

describe.each(TOPIC_NAMES)('the schema of %s', (topic) => {
  test('has a doc and a default on every field', () => {
    expect(incompleteFields(topicSchema(topic))).toEqual([])
  })

  test('is the newest of the versions that are kept', () => {
    expect(versionsOf(topic).at(-1)).toEqual(topicSchema(topic))
  })

  test('of every version reads every other', () => {
    const types = versionsOf(topic).map(columnarType)

    for (const reader of types) {
      for (const writer of types) expect(() => reader.createResolver(writer)).not.toThrow()
    }
  })
})
