// The inputs that showed something new, which later inputs are made from.
import { createHash } from 'node:crypto'
import type { SeededRandom } from './random.ts'
import type { Input } from './target.ts'

/** Grows only. */
export class Corpus {
  readonly inputs: Input[] = []

  add(input: Input): void {
    this.inputs.push(input)
  }

  /** Any of them, one of the newest half the time: what was found last has been tried least. */
  pick(random: SeededRandom): Input {
    const count = this.inputs.length
    const newest = Math.min(count, 64)
    return this.inputs[random.oneIn(2) ? random.below(count) : count - 1 - random.below(newest)]!
  }
}

/** SHA-256 (hex) of all inputs in the order in which they were found: equal for equal runs. */
export function corpusHash(corpora: readonly Corpus[]): string {
  const hash = createHash('sha256')
  for (const { inputs } of corpora) {
    for (const { detail, bytes } of inputs) {
      hash.update(`${detail},${bytes.length};`)
      hash.update(bytes)
    }
  }
  return hash.digest('hex')
}
