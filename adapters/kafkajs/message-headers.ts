// The headers of a record: the batch's name and its frame count, for readers that cannot read the value.
import type { IHeaders } from 'kafkajs'
import type { RejectedRecord } from '../../core/batch/enriched-batch.ts'
import { formatName, parseName } from '../../core/batch/name.ts'
import type { TopicName, TopicValues } from '../../core/bus.ts'

/**
 * The headers that a value is sent with: of a surge's change its id; of a batch its name, and as `packets` all its frames,
 * refused and rejected ones too.
 */
export function headersOf(value: TopicValues[TopicName]): IHeaders {
  if ('surge' in value) return { id: value.id }
  if ('capture' in value) return namedHeaders(formatName(value.name), value.packets + value.refused.length)
  if (isRejectedRecord(value)) return value.name === null ? {} : { name: value.name }
  const frames = value.rejected.reduce((total, { frames }) => total + frames, value.packets.length)
  return namedHeaders(formatName(value.name), frames)
}

function isRejectedRecord(
  value: TopicValues['packets.enriched' | 'packets.rejected']
): value is RejectedRecord {
  return 'sha256' in value
}

function namedHeaders(name: string, packets: number): IHeaders {
  return { name, packets: String(packets) }
}

/** The text of a header, null where it is missing. Where a name is given twice, the first is taken. */
export function headerText(headers: IHeaders | undefined, name: string): string | null {
  const value = headers?.[name]
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined ? null : first.toString()
}

/** The batch's name in the headers, null where it is missing or malformed. */
export function headerName(headers: IHeaders | undefined): string | null {
  const text = headerText(headers, 'name')
  return text === null || parseName(text) === null ? null : text
}

/** The frame count in the headers, null where it is missing or malformed. */
export function headerPackets(headers: IHeaders | undefined): number | null {
  const text = headerText(headers, 'packets')
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null
}
