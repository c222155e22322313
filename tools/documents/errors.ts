// docs/errors.md, from the error codes.
import { ERROR_CODES } from '../../core/errors.ts'
import { code, document, GENERATED, table } from './markdown.ts'

/** The whole of docs/errors.md. */
export function errorsDocument(): string {
  return document(
    '# Errors',
    GENERATED,
    'What only a person can mend ends a command with one line on stderr that names what, where, why and ' +
      'what to do, and with one of these codes (core/errors.ts).',
    table(
      ['code', 'means'],
      Object.entries(ERROR_CODES).map(([name, means]) => [code(name), means])
    )
  )
}
