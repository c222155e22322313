// A service's log: JSON lines on stderr, one constant lower-case message each, data in fields, never an address.
import type { Log } from '../adapters/log.ts'

/** One line an event: time (ISO 8601), level, service, message, and the fields. `debug` lines are dropped. */
function jsonLog(service: string, write: (line: string) => void, nowMs: () => number): Log {
  return (level, message, fields) => {
    if (level === 'debug') return
    write(
      `${JSON.stringify({ time: new Date(nowMs()).toISOString(), level, service, message, ...fields })}\n`
    )
  }
}

/** The log of this process. */
export function processLog(service: string): Log {
  return jsonLog(service, (line) => process.stderr.write(line), Date.now)
}
