// A service's log: JSON lines on stderr, one constant lower-case message each, data in fields, never an address.
import type { Log } from '../adapters/log.ts'

/** A warning that says the same as one before it, this much later or less, is counted and not written. */
const SAME_INCIDENT_MS = 10_000

interface Incident {
  untilMs: number
  repeats: number
}

/**
 * One line an event: time (ISO 8601), level, service, message, and the fields; `debug` lines are dropped. A warning
 * that repeats itself is one line in 10 s, and the next one says in `repeats` how many were left out.
 */
export function jsonLog(service: string, write: (line: string) => void, nowMs: () => number): Log {
  const incidents = new Map<string, Incident>()
  return (level, message, fields) => {
    if (level === 'debug') return
    const now = nowMs()
    let repeats = {}
    if (level === 'warn') {
      for (const [key, { untilMs }] of incidents) if (untilMs + SAME_INCIDENT_MS < now) incidents.delete(key)
      const key = incidentOf(message, fields)
      const known = incidents.get(key)
      if (known !== undefined && now < known.untilMs) {
        known.repeats += 1
        return
      }
      incidents.set(key, { untilMs: now + SAME_INCIDENT_MS, repeats: 0 })
      if (known !== undefined && known.repeats > 0) repeats = { repeats: known.repeats }
    }
    const time = new Date(now).toISOString()
    write(`${JSON.stringify({ time, level, service, message, ...fields, ...repeats })}\n`)
  }
}

/** What a warning is about: its texts, and not its numbers, which change from one try to the next. */
function incidentOf(message: string, fields: Readonly<Record<string, unknown>>): string {
  const texts = Object.values(fields).filter((value) => typeof value === 'string')
  return JSON.stringify([message, ...texts])
}

/** The log of this process. */
export function processLog(service: string): Log {
  return jsonLog(service, (line) => process.stderr.write(line), Date.now)
}
