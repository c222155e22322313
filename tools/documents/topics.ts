// docs/topics.md, from the schemas of the topics' values and the rules for their settings.
import {
  type RecordSchema,
  type SchemaField,
  type SchemaType,
  TOPIC_NAMES,
  topicSchema
} from '../../adapters/avro/schemas.ts'
import { DEFAULT_TOPIC_SETTINGS } from '../../adapters/topics.ts'
import { settingRules } from '../../adapters/topics/topic-rules.ts'
import type { TopicName } from '../../core/bus.ts'
import { code, document, GENERATED, table } from './markdown.ts'

/** The whole of docs/topics.md. */
export function topicsDocument(): string {
  return document(
    '# Topics',
    GENERATED,
    'Values are Avro in the Confluent wire format: the byte 0, the id of the schema in four bytes (most significant ' +
      'first), the value. Each topic has one subject in the schema registry, `<topic>-value`, with compatibility ' +
      'FULL_TRANSITIVE: every version reads every other. A run of `replay` has topics of its own, whose names begin ' +
      'with `replay.<run>.`. `stormpetrel check --apply` makes topics and registers schemas (schemas/*.avsc).',
    'Records have no key; two headers stand beside the value, for readers that cannot read it: `name` ' +
      '(`sensor|epoch|lane|number`) and `packets` (the frames of the batch, as decimal digits). Records of `surges` have ' +
      'one, `id`.',
    ...TOPIC_NAMES.flatMap(topicSections)
  )
}

function topicSections(topic: TopicName): string[] {
  const schema = topicSchema(topic)
  return [
    `## ${topic}`,
    schema.doc,
    fieldTable(schema),
    ...nestedRecords(schema).flatMap((record) => [`### ${record.name}`, record.doc, fieldTable(record)]),
    '### Settings',
    table(
      ['setting', 'made with', 'because'],
      settingRules(topic, 3, DEFAULT_TOPIC_SETTINGS).map(({ name, wanted, why }) => [
        code(name),
        code(wanted),
        why
      ])
    )
  ]
}

function fieldTable(schema: RecordSchema): string {
  return table(
    ['field', 'type', 'is'],
    schema.fields.map(({ name, type, doc }) => [code(name), typeText(type), doc])
  )
}

function typeText(type: SchemaType): string {
  if (typeof type === 'string') return type
  if (isUnion(type)) return type.map(typeText).join(' or ')
  if ('fields' in type) return type.name
  if ('items' in type) return `array of ${typeText(type.items)}`
  return `${type.type} (${type.logicalType})`
}

function isUnion(type: Exclude<SchemaType, string>): type is readonly SchemaType[] {
  return Array.isArray(type)
}

/** The records that are defined in the fields, outermost first. */
function nestedRecords({ fields }: RecordSchema): RecordSchema[] {
  return fields.flatMap(({ type }: SchemaField) => {
    const record = recordIn(type)
    return record === null ? [] : [record, ...nestedRecords(record)]
  })
}

function recordIn(type: SchemaType): RecordSchema | null {
  if (typeof type === 'string' || isUnion(type)) return null
  if ('fields' in type) return type
  return 'items' in type ? recordIn(type.items) : null
}
