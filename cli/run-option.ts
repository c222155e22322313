// Run names on the command line.
import { StormpetrelError } from '../core/errors.ts'
import { isRunId } from '../core/store/run-settings.ts'

/** The run, or null where none was named. Throws SP_USAGE for a text that is no run name. */
export function parseRun(text: string | undefined): string | null {
  if (text === undefined) return null
  if (isRunId(text)) return text
  throw new StormpetrelError(
    'SP_USAGE',
    `--run: '${text}' is no run name; use letters, digits, '.', '_' and '-', at most 40`
  )
}
