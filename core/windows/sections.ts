// What the store keeps of packets and of sources is in sections: a packet is one cell of its port, one of its region and one
// of its AS number, whatever its tags. The series that people ask for are made of cells.
import { SERIES_KIND } from './series.ts'

/** What the word and the values of a section are. Only append: they are stored. */
export const SECTION = {
  /** The word is a set of tag bits (countedTags), the values are port codes. */
  port: 0,
  /** The word is a set of tag bits, the values are region codes. */
  region: 1,
  /** The word is 0, the values are AS numbers. */
  asn: 2,
  /** The word is a kind of series and its tag, the values are those of that kind: single series, where not all are kept. */
  series: 3
} as const

/** Visits the series that a cell belongs to, as kind and tag, and value. */
export function forEachSeries(
  section: number,
  word: number,
  value: number,
  visit: (kindAndTag: number, value: number) => void
): void {
  switch (section) {
    case SECTION.port:
      visit(SERIES_KIND.all, 0)
      visit(SERIES_KIND.port, value)
      for (let tags = word; tags !== 0; tags &= tags - 1) {
        visit(SERIES_KIND.tag | lowestTag(tags), 0)
        visit(SERIES_KIND.portInTag | lowestTag(tags), value)
      }
      break
    case SECTION.region:
      visit(SERIES_KIND.region, value)
      for (let tags = word; tags !== 0; tags &= tags - 1)
        visit(SERIES_KIND.regionInTag | lowestTag(tags), value)
      break
    case SECTION.asn:
      visit(SERIES_KIND.asn, value)
      break
    default:
      visit(word, value)
  }
}

/** The lowest tag bit as its place in a series' kind. */
function lowestTag(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) << 3
}
