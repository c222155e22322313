// Names of series, each made once and then kept: a flush names as many series as it has packets, and the same ones
// again a second later.
import { seriesName } from './series.ts'

/** Of the order of all ports within all tags; about 100 bytes each. */
const MAX_NAMES = 1 << 19

/** A bounded memory of seriesName; when it is full it forgets everything. */
export class SeriesNames {
  /** By value within (kind, tag): keys are then small integers, which a Map finds in half the time of large ones. */
  readonly #byKind: Map<number, string>[] = []
  #size = 0

  /** The same text as seriesName(kindAndTag, value). */
  of(kindAndTag: number, value: number): string {
    const names = this.#byKind[kindAndTag] ?? this.#addKind(kindAndTag)
    const known = names.get(value)
    if (known !== undefined) return known
    if (this.#size === MAX_NAMES) this.#forget()
    const name = seriesName(kindAndTag, value)
    names.set(value, name)
    this.#size += 1
    return name
  }

  #addKind(kindAndTag: number): Map<number, string> {
    const names = new Map<number, string>()
    this.#byKind[kindAndTag] = names
    return names
  }

  #forget(): void {
    for (const names of this.#byKind) names?.clear()
    this.#size = 0
  }
}
