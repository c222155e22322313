// Scenario files: those that come with the program, by name, and anybody's, by path.
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StormpetrelError } from '../core/errors.ts'
import { checkScenario } from '../core/synth/check-scenario.ts'
import type { Scenario } from '../core/synth/scenario.ts'
import { parseCheckedYaml } from './checked-yaml.ts'
import { packageRoot } from './package-root.ts'

const FOLDER = join('data', 'scenarios')

/** Names of the scenarios that come with the program. */
function scenarioNames(): string[] {
  return readdirSync(join(packageRoot(), FOLDER))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort()
}

/**
 * The scenario of a name or of a file. Throws SP_FILE_UNREADABLE, and SP_SCENARIO_FILE with the line, the reason and what
 * to do.
 */
export async function readScenario(nameOrPath: string): Promise<Scenario> {
  const own = join(packageRoot(), FOLDER, `${nameOrPath}.yaml`)
  const isName = /^[a-z0-9-]+$/.test(nameOrPath)
  if (isName && !existsSync(own) && !existsSync(nameOrPath)) {
    throw new StormpetrelError(
      'SP_SCENARIO_FILE',
      `there is no scenario '${nameOrPath}' (there are ${scenarioNames().join(', ')}); name one of these, or a file`
    )
  }
  const path = isName && existsSync(own) ? own : nameOrPath
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    const message = `${path}: ${(error as Error).message}; check the path and who may read it`
    throw new StormpetrelError('SP_FILE_UNREADABLE', message, { cause: error })
  }
  return parseCheckedYaml(path, bytes, checkScenario, 'SP_SCENARIO_FILE').scenario
}
