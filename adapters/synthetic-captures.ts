// Writes the days of a scenario: a capture a sensor and day, or all of them as one stream.
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'yaml'
import { HeaderCaptureWriter } from '../core/capture/header-capture.ts'
import { StormpetrelError } from '../core/errors.ts'
import type { DayMaker } from '../core/synth/day-maker.ts'
import { PacketMaker } from '../core/synth/packet-maker.ts'
import type { Scenario } from '../core/synth/scenario.ts'

const PCAP_HEADER_BYTES = 24

/** Days since 1970, [from, to). */
export type Days = readonly [fromDay: number, toDay: number]

/**
 * Writes DIR/<sensor>/synthetic-<scenario>-<sensor>-<date>.pcap for every sensor and day with packets, and DIR/sensors.yaml;
 * answers how many packets. Throws SP_FILE_UNREADABLE.
 */
export async function writeCaptures(
  folder: string,
  scenario: Scenario,
  maker: DayMaker,
  [from, to]: Days,
  onDay: (date: string) => void = () => undefined
): Promise<number> {
  const packets = new PacketMaker()
  const captures = scenario.sensors.map(() => new HeaderCaptureWriter())
  let count = 0
  try {
    await refuseOthers(folder, scenario.name)
    for (const { id } of scenario.sensors) await mkdir(join(folder, id), { recursive: true })
    await writeFile(join(folder, 'sensors.yaml'), sensorsYaml(scenario))
    for (let day = from; day < to; day++) {
      const date = dateOf(day)
      const counts = scenario.sensors.map(() => 0)
      for (const capture of captures) capture.reset()
      maker.forEach(day, ({ sensor, seconds, nanoseconds, facts }) => {
        const length = packets.make(facts)
        captures[sensor]!.add(seconds, nanoseconds, packets.bytes, 0, length, length)
        counts[sensor]! += 1
      })
      for (const [i, { id }] of scenario.sensors.entries()) {
        if (counts[i] === 0) continue
        await writeFile(
          join(folder, id, `synthetic-${scenario.name}-${id}-${date}.pcap`),
          captures[i]!.view()
        )
        count += counts[i]!
      }
      onDay(date)
    }
  } catch (error) {
    throw unwritable(folder, error)
  }
  return count
}

/** Writes one capture of all sensors, in order of time, to a stream. Throws SP_FILE_UNREADABLE. */
export async function streamCapture(
  target: NodeJS.WritableStream,
  maker: DayMaker,
  [from, to]: Days
): Promise<void> {
  const packets = new PacketMaker()
  const capture = new HeaderCaptureWriter()
  function* days(): Generator<Uint8Array> {
    for (let day = from; day < to; day++) {
      capture.reset()
      maker.forEach(day, ({ seconds, nanoseconds, facts }) => {
        const length = packets.make(facts)
        capture.add(seconds, nanoseconds, packets.bytes, 0, length, length)
      })
      yield capture.finish().subarray(day === from ? 0 : PCAP_HEADER_BYTES)
    }
  }
  try {
    await pipeline(Readable.from(days()), target, { end: false })
  } catch (error) {
    throw unwritable('standard output', error)
  }
}

/** Captures of another scenario beside these would be read as one telescope's. */
async function refuseOthers(folder: string, scenario: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const other = names.find((name) => {
    const base = basename(name)
    return /\.pcap(ng)?(\.|$)/.test(base) && !base.startsWith(`synthetic-${scenario}-`)
  })
  if (other === undefined) return
  throw new StormpetrelError(
    'SP_FILE_UNREADABLE',
    `${join(folder, other)}: it is no capture of scenario ${scenario}; name a folder of its own with --out`
  )
}

function sensorsYaml(scenario: Scenario): string {
  const sensors = scenario.sensors.map(({ id, name, partner, country, darkSpace, activeFromDay }) => ({
    id,
    name,
    ...(partner === '' ? {} : { partner }),
    country,
    'dark-space': [...darkSpace],
    ...(activeFromDay === null ? {} : { active: { from: dateOf(activeFromDay) } })
  }))
  return `# Made by stormpetrel synth; every packet of these sensors is synthetic.\n${stringify({ synthetic: scenario.name, sensors })}`
}

/** ISO 8601 date of a day since 1970. */
function dateOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10)
}

function unwritable(path: string, error: unknown): Error {
  // What is no error of the file system is a mistake of the program.
  if (error instanceof StormpetrelError || !(error as NodeJS.ErrnoException).code) return error as Error
  return new StormpetrelError(
    'SP_FILE_UNREADABLE',
    `${path}: ${(error as Error).message}; see that it may be written to and has room`,
    { cause: error }
  )
}
