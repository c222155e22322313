// The formats in which verbs print data.
import { StormpetrelError } from '../../core/errors.ts'

/** `json` is one array, `ndjson` one object a line, `csv` has a header, `table` is for people. */
export type Format = 'json' | 'ndjson' | 'csv' | 'table'

/** Every format there is. */
export const FORMATS: readonly Format[] = ['json', 'ndjson', 'csv', 'table']

/** The format asked for; without one a table on a terminal and ndjson elsewhere. Throws SP_USAGE. */
export function chooseFormat(asked: string | undefined, isTerminal: boolean): Format {
  if (asked === undefined) return isTerminal ? 'table' : 'ndjson'
  const format = FORMATS.find((name) => name === asked)
  if (format === undefined) {
    throw new StormpetrelError('SP_USAGE', `--format: '${asked}' is none of ${FORMATS.join(', ')}`)
  }
  return format
}
