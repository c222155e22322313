// Where the spool of a sensor lies.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Configuration } from '../../core/configuration.ts'

/** A folder a deployment and sensor: two deployments on one machine are told apart by their topic prefix. */
export function spoolFolder({ spoolFolder: folder, topicPrefix }: Configuration, sensor: string): string {
  const state = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state')
  const deployment = topicPrefix === '' ? 'live' : encodeURIComponent(topicPrefix)
  return join(folder ?? join(state, 'stormpetrel', 'spool'), deployment, sensor)
}
