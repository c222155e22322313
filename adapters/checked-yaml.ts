// YAML that people write, checked by a pure function, and told with the line of whatever is wrong in it.
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { type ErrorCode, StormpetrelError } from '../core/errors.ts'

/** The first thing that is wrong: which value (keys and indexes from the top), why, and what to do. */
interface Mistake {
  readonly path: readonly (string | number)[]
  readonly why: string
  readonly advice: string
}

/** What a check answers beside its value. */
export type Checked<T> = ({ readonly kind: 'valid' } & T) | ({ readonly kind: 'invalid' } & Mistake)

/** What is in the bytes; `file` is its name in errors. Throws `code` with the file, the line, the reason and what to do. */
export function parseCheckedYaml<T>(
  file: string,
  bytes: Uint8Array,
  check: (value: unknown) => Checked<T>,
  code: ErrorCode
): T {
  const wrong = (line: number, why: string, advice: string): StormpetrelError =>
    new StormpetrelError(code, `${file}, line ${line}: ${why}; ${advice}`.replace(/\s+/g, ' '))
  const lines = new LineCounter()
  const document = parseDocument(new TextDecoder().decode(bytes), { lineCounter: lines, prettyErrors: false })
  const mistake = document.errors[0] ?? document.warnings[0]
  if (mistake !== undefined)
    throw wrong(lines.linePos(mistake.pos[0]).line, `it is no YAML: ${mistake.message}`, 'mend the line')
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw wrong(
      1,
      `it is no plain YAML: ${(error as Error).message}`,
      'write the values out, without aliases'
    )
  }
  const checked = check(value)
  if (checked.kind === 'invalid')
    throw wrong(lineOf(document, lines, checked.path), checked.why, checked.advice)
  return checked
}

/** The line of the value, or of the nearest thing around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}
