// sensors.yaml, read with the line of whatever is wrong in it.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { StormpetrelError } from '../core/errors.ts'
import { checkSensors } from '../core/telescope/check-sensors.ts'
import { localSensorList, type SensorList } from '../core/telescope/sensor-list.ts'

/**
 * The sensors of a file, or those that hold without one where `file` is null. Throws SP_FILE_UNREADABLE, or
 * SP_SENSORS_FILE with the file, the line, the reason and what to do.
 */
export async function readSensorList(file: string | null): Promise<SensorList> {
  if (file === null) return localSensorList()
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    const message = `${file}: ${(error as Error).message}; check the path and who may read it`
    throw new StormpetrelError('SP_FILE_UNREADABLE', message, { cause: error })
  }
  return parseSensorList(file, bytes)
}

/** The sensors in the bytes of a file; `file` is its name in errors. Throws SP_SENSORS_FILE. */
export function parseSensorList(file: string, bytes: Uint8Array): SensorList {
  const lines = new LineCounter()
  const document = parseDocument(new TextDecoder().decode(bytes), { lineCounter: lines, prettyErrors: false })
  const mistake = document.errors[0] ?? document.warnings[0]
  if (mistake !== undefined) {
    throw wrong(
      file,
      lines.linePos(mistake.pos[0]).line,
      `it is no YAML: ${mistake.message}`,
      'mend the line'
    )
  }
  const checked = checkSensors(plainValue(file, document))
  if (checked.kind === 'invalid') {
    throw wrong(file, lineOf(document, lines, checked.path), checked.why, checked.advice)
  }
  return { sensors: checked.sensors, version: createHash('sha256').update(bytes).digest('hex') }
}

function plainValue(file: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw wrong(
      file,
      1,
      `it is no plain YAML: ${(error as Error).message}`,
      'write the values out, without aliases'
    )
  }
}

/** The line of the value, or of the nearest thing around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}

function wrong(file: string, line: number, why: string, advice: string): StormpetrelError {
  const oneLine = `${file}, line ${line}: ${why}; ${advice}`.replace(/\s+/g, ' ')
  return new StormpetrelError('SP_SENSORS_FILE', oneLine)
}
