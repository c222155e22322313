// Where the time of a service goes: V8's own profile of its process, added up by parts of the program.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A part of the program, and its share of the time in which the process did anything. */
export interface ProfileRow {
  readonly area: string
  readonly share: number
}

/** What Node leaves with --cpu-prof. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const IDLE = '(idle)'

/** By what the file's address has in it; the first that fits. */
const AREAS: readonly (readonly [string, RegExp])[] = [
  ['Kafka client', /kafkajs/],
  ['Avro', /avro|avsc/],
  ['Redis client', /adapters\/redis|ioredis|redis-/],
  ['captures and headers', /core\/(capture|headers|packets)/],
  ['tags', /core\/tags/],
  ['regions and AS numbers', /core\/geo/],
  ['the step from a raw batch to an enriched one', /core\/tagging/],
  ['packets and sources by cell', /core\/(windows|sources|counts|packed)/],
  ['buffers, sockets, timers', /^node:|^$/]
]

/** Shares by area of the profiles in a folder, the largest first. */
export function profileOf(folder: string): ProfileRow[] {
  const times = new Map<string, number>()
  let total = 0
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile
    const areas = new Map(profile.nodes.map(({ id, callFrame }) => [id, areaOf(callFrame)]))
    for (const [index, sample] of profile.samples.entries()) {
      const area = areas.get(sample)!
      if (area === IDLE) continue
      const micros = profile.timeDeltas[index]!
      times.set(area, (times.get(area) ?? 0) + micros)
      total += micros
    }
  }
  return [...times]
    .map(([area, micros]) => ({ area, share: Math.round((micros / total) * 1000) / 1000 }))
    .sort((a, b) => b.share - a.share)
}

function areaOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string {
  if (functionName === IDLE) return IDLE
  if (functionName === '(garbage collector)') return 'garbage collector'
  return AREAS.find(([, pattern]) => pattern.test(url))?.[0] ?? 'the rest'
}
