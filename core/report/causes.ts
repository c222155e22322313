// What is known of a port: services, malware families and vulnerabilities with their dates, as data/causes declares them, and
// what CISA lists as exploited.
import { parseCalendarDay } from '../windows/calendar-day.ts'

/** A malware family, or a vulnerability. */
export interface KnownCause {
  readonly kind: 'malware' | 'vulnerability'
  /** 'Mirai', 'CVE-2022-0543'. */
  readonly name: string
  /** When it became known, ISO 8601. */
  readonly date: string
  readonly what: string
  readonly source: string
}

/** What is known of one port. */
export interface PortCauses {
  /** '23/TCP'. */
  readonly port: string
  readonly service: string
  readonly causes: readonly KnownCause[]
}

/** An entry of CISA's Known Exploited Vulnerabilities. */
export interface ExploitedVulnerability {
  readonly cve: string
  readonly dateAdded: string
}

const BEFORE_SECONDS = 30 * 86_400

/** What became known of a port within thirty days before an onset, or was listed as exploited then, the newest first. */
export function causesBefore(
  known: readonly PortCauses[],
  exploited: readonly ExploitedVulnerability[],
  port: string,
  onsetSeconds: number
): KnownCause[] {
  const own = known.find((each) => each.port === port)?.causes ?? []
  const listed = new Map(exploited.map((each) => [each.cve, each]))
  const all = own.flatMap((cause): KnownCause[] => {
    const entry = listed.get(cause.name)
    if (entry === undefined) return [cause]
    const what = `${cause.what}; exploited, by CISA KEV`
    return [cause, { ...cause, date: entry.dateAdded, what, source: 'CISA KEV' }]
  })
  return all
    .filter(({ date }) => {
      const seconds = Date.parse(`${date}T00:00:00Z`) / 1000
      return seconds <= onsetSeconds && seconds > onsetSeconds - BEFORE_SECONDS
    })
    .sort((a, b) => (a.date > b.date ? -1 : 1))
}

/** The table as checked values, or why it is none. */
export function checkCauses(value: unknown):
  | { readonly kind: 'valid'; readonly ports: readonly PortCauses[] }
  | {
      readonly kind: 'invalid'
      readonly path: readonly (string | number)[]
      readonly why: string
      readonly advice: string
    } {
  if (!Array.isArray(value))
    return {
      kind: 'invalid',
      path: [],
      why: 'it is no list of ports',
      advice: 'write "- port: 23/TCP" lines'
    }
  const ports: PortCauses[] = []
  for (const [i, entry] of (value as unknown[]).entries()) {
    const given = entry as { port?: unknown; service?: unknown; causes?: unknown }
    if (
      typeof given?.port !== 'string' ||
      typeof given.service !== 'string' ||
      !Array.isArray(given.causes)
    ) {
      return {
        kind: 'invalid',
        path: [i],
        why: 'it has no port, service and causes',
        advice: 'add all three'
      }
    }
    if (ports.some(({ port }) => port === given.port))
      return { kind: 'invalid', path: [i], why: `${given.port} is there twice`, advice: 'join the two' }
    const bad = (given.causes as unknown[]).findIndex((cause) => !isCause(cause))
    if (bad >= 0) {
      return {
        kind: 'invalid',
        path: [i, 'causes', bad],
        why: 'a cause has kind (malware or vulnerability), name, date (YYYY-MM-DD), what and source',
        advice: 'add what is missing'
      }
    }
    ports.push({ port: given.port, service: given.service, causes: given.causes as KnownCause[] })
  }
  return { kind: 'valid', ports }
}

function isCause(value: unknown): value is KnownCause {
  const { kind, name, date, what, source } = (value ?? {}) as Record<string, unknown>
  return (
    (kind === 'malware' || kind === 'vulnerability') &&
    typeof date === 'string' &&
    parseCalendarDay(date) !== null &&
    [name, what, source].every((text) => typeof text === 'string' && text !== '')
  )
}

/** CISA's JSON as it is published; null where it is none. */
export function parseExploited(text: string): ExploitedVulnerability[] | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const list = (value as { vulnerabilities?: unknown } | null)?.vulnerabilities
  if (!Array.isArray(list)) return null
  return (list as unknown[]).flatMap((entry) => {
    const { cveID, dateAdded } = (entry ?? {}) as Record<string, unknown>
    return typeof cveID === 'string' && typeof dateAdded === 'string' ? [{ cve: cveID, dateAdded }] : []
  })
}
