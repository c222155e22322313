// The report of two quarters of synthetic captures, and what the scenario's dated facts are found to be in it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from './measured-process.ts'
import { BenchDeployment } from './stream/deployment.ts'

const PACKETS_PER_DAY = 200_000
const OF_JAPAN = ['--sensors-in', 'JP', '--tz', 'Asia/Tokyo', '--no-pdf'] as const
const SYNTH = ['synth', '--scenario', 'tsubame-2022q2', '--packets-per-day', String(PACKETS_PER_DAY)] as const
const DAYS = 181

/** A dated rise of the scenario tsubame-2022q2, and how far from its date one was told to have begun. */
export interface DatedRise {
  readonly series: string
  readonly date: string
  readonly mostDays: number
  /** Null where none was found. */
  readonly days: number | null
}

/** Captures to finished HTML. */
export interface ReportResult {
  readonly packets: number
  readonly synthSeconds: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakRssMib: number
  /** Captures of a month as a run, over Kafka and Redis, and the report of half of it from its store. */
  readonly store: {
    readonly packets: number
    readonly replaySeconds: number
    readonly reportSeconds: number
  }
  readonly rises: readonly DatedRise[]
}

const RISES = [
  ['region=KR,tag=mirai', '2022-05-11', 3],
  ['region=TW,tag=mirai', '2022-06-26', 3],
  ['region=RU', '2022-05-18', 3],
  ['region=JP,tag=mirai', '2022-06-01', 3],
  ['region=JP,tag=mirai', '2022-04-25', 8],
  ['port=23/TCP,tag=mirai', '2022-05-08', 8],
  ['tag=mirai', '2022-05-08', 8]
] as const

/** Makes the captures, and the report from them. */
export async function measureReport(say: (line: string) => void): Promise<ReportResult> {
  const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-bench-'))
  const environment = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }
  const program = { program: 'bin/stormpetrel.js', environment, keepsOutput: false, endsAfter: null }
  const [captures, out] = [join(folder, 'captures'), join(folder, 'report')]
  try {
    const made = await measure({ ...program, args: [...SYNTH, '--out', captures] })
    const usage = await measure({
      ...program,
      args: ['report', '--quarter', '2022Q2', ...OF_JAPAN, '--out', out, captures]
    })
    const result = {
      packets: PACKETS_PER_DAY * DAYS,
      synthSeconds: Math.round(made.wallSeconds),
      seconds: Math.round(usage.wallSeconds),
      cpuSeconds: Math.round(usage.cpuSeconds),
      peakRssMib: Math.round(usage.peakRssMib),
      rises: risesOf(readFileSync(join(out, 'report.json'), 'utf8')),
      store: await measureStore(join(folder, 'of-store'))
    }
    say(`report: ${JSON.stringify(result)}`)
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureStore(folder: string): Promise<ReportResult['store']> {
  const deployment = await BenchDeployment.open()
  const captures = join(folder, 'captures')
  const settings = { STORMPETREL_SENSORS_FILE: join(captures, 'sensors.yaml') }
  const run = async (args: readonly string[]): Promise<number> => {
    const { wallSeconds } = await measure({
      program: 'bin/stormpetrel.js',
      environment: { ...deployment.environment, ...settings },
      keepsOutput: false,
      endsAfter: null,
      args
    })
    return Math.round(wallSeconds * 10) / 10
  }
  try {
    await run([...SYNTH, '--from', '2022-04-01', '--to', '2022-05-01', '--out', captures])
    const replaySeconds = await run(['replay', '--run', 'bench', captures])
    const half = ['--from', '2022-04-16', '--to', '2022-05-01']
    const of = ['--run', 'bench', '--out', join(folder, 'report')]
    const reportSeconds = await run(['report', ...half, ...OF_JAPAN, ...of])
    return { packets: PACKETS_PER_DAY * 30, replaySeconds, reportSeconds }
  } finally {
    await deployment.close()
  }
}

function risesOf(json: string): DatedRise[] {
  const { surges } = JSON.parse(json) as {
    readonly surges: readonly { readonly series: string; readonly kind: string; readonly onset: string }[]
  }
  return RISES.map(([series, date, mostDays]) => {
    const distances = surges
      .filter((each) => each.series === series && each.kind !== 'heavy-hitter')
      .map(({ onset }) => (Date.parse(onset) - Date.parse(`${date}T00:00:00+09:00`)) / 86_400_000)
      .sort((a, b) => Math.abs(a) - Math.abs(b))
    return {
      series,
      date,
      mostDays,
      days: distances[0] === undefined ? null : Math.round(distances[0] * 10) / 10
    }
  })
}
