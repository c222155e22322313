// docs/configuration.md, from the table of settings.
import { settingRows } from '../../core/configuration.ts'
import { code, document, GENERATED, table } from './markdown.ts'

/** The whole of docs/configuration.md. */
export function configurationDocument(): string {
  return document(
    '# Configuration',
    GENERATED,
    'Every setting is an environment variable (core/configuration.ts). One that is not set, or set to nothing, has ' +
      'its default; one that is wrong, or a STORMPETREL_ variable that is none of these, ends a command with exit 2.',
    table(
      ['variable', 'default', 'unit', 'means'],
      settingRows().map(({ env, fallback, unit, doc }) => [
        code(env),
        fallback === '' ? 'not set' : code(fallback),
        unit,
        doc
      ])
    )
  )
}
