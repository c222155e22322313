// What is measured: commands as users type them, and the rates that are promised for some of them.
import type { CaptureName, Compression } from './captures.ts'

export interface BenchCase {
  readonly name: string
  /** Arguments of `stormpetrel`, the capture's name left out. */
  readonly args: readonly string[]
  readonly capture: CaptureName
  readonly compression: Compression
  /** Packets a second on one core that are promised; null where nothing is. */
  readonly goal: number | null
  /** What the program prints when it has done its work; null where it then ends by itself. */
  readonly endsAfter: string | null
}

const WHOLE: Pick<BenchCase, 'capture' | 'compression' | 'goal' | 'endsAfter'> = {
  capture: 'syn-3m',
  compression: 'none',
  goal: null,
  endsAfter: null
}

const UP = { args: ['up'], endsAfter: 'Played:' }

/** In the order in which they run. */
export const BENCH_CASES: readonly BenchCase[] = [
  { ...WHOLE, name: 'tag', args: ['tag'], goal: 400_000 },
  { ...WHOLE, name: 'tag-gz', args: ['tag'], compression: 'gz' },
  { ...WHOLE, name: 'tag-zst', args: ['tag'], compression: 'zst' },
  { ...WHOLE, name: 'tag-tail', args: ['tag'], capture: 'tail-1m' },
  { ...WHOLE, name: 'counts-port', args: ['counts', '--by', 'port'], goal: 800_000 },
  {
    ...WHOLE,
    name: 'counts-port-region',
    args: ['counts', '--by', 'port,region', '--window', 'hour'],
    goal: 800_000
  },
  { ...WHOLE, name: 'counts-tag', args: ['counts', '--by', 'tag'], goal: 800_000 },
  { ...WHOLE, name: 'counts-asn-sources', args: ['counts', '--by', 'asn', '--sources'], goal: 800_000 },
  { ...WHOLE, name: 'counts-gz', args: ['counts', '--by', 'port'], compression: 'gz' },
  { ...WHOLE, name: 'counts-zst', args: ['counts', '--by', 'port'], compression: 'zst' },
  {
    ...WHOLE,
    name: 'counts-sources-tail',
    args: ['counts', '--by', 'asn', '--sources'],
    capture: 'tail-1m'
  },
  { ...WHOLE, ...UP, name: 'up', capture: 'syn-1m' },
  { ...WHOLE, ...UP, name: 'up-tail', capture: 'tail-1m' }
]
