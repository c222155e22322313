// What is known of ports, from data/causes, and what CISA lists as exploited, from a file.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StormpetrelError } from '../core/errors.ts'
import {
  checkCauses,
  type ExploitedVulnerability,
  parseExploited,
  type PortCauses
} from '../core/report/causes.ts'
import { parseCheckedYaml } from './checked-yaml.ts'
import { packageRoot } from './package-root.ts'

/** The table that comes with the program. Throws SP_CAUSES_FILE. */
export async function readCauses(): Promise<readonly PortCauses[]> {
  const path = join(packageRoot(), 'data', 'causes', 'ports.yaml')
  return parseCheckedYaml(path, await readFile(path), checkCauses, 'SP_CAUSES_FILE').ports
}

/** CISA's known_exploited_vulnerabilities.json. Throws SP_FILE_UNREADABLE and SP_CAUSES_FILE. */
export async function readExploited(path: string): Promise<readonly ExploitedVulnerability[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new StormpetrelError('SP_FILE_UNREADABLE', `${path}: ${(error as Error).message}; check the path`, {
      cause: error
    })
  }
  const found = parseExploited(text)
  if (found !== null) return found
  throw new StormpetrelError(
    'SP_CAUSES_FILE',
    `${path}: it is no list of vulnerabilities as CISA publishes it; give known_exploited_vulnerabilities.json`
  )
}
