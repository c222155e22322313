// Days of the calendar as people write them.

const DAY_MS = 86_400_000

/** The day since 1970 of an ISO 8601 date such as 2022-04-30; null where the text is none, or there is no such day. */
export function parseCalendarDay(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null
  const ms = Date.parse(`${text}T00:00:00Z`)
  // 2022-02-30 would be taken for the second of March.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text) return null
  return ms / DAY_MS
}
