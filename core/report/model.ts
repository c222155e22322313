// The report as numbers: what its tables and figures show, before anybody draws or translates them.
import type { SurgeKind } from '../surges/surge.ts'
import type { SurgeDriver } from '../surges/surge-change.ts'
import type { KnownCause } from './causes.ts'
import type { DayCounts, KeptDay, Pair, Totals } from './day-counts.ts'
import { daysBefore, type Period } from './period.ts'

/** Rows of the tables, as the reference has them. */
const TOP = 5
/** A table goes on until this share of the packets is covered, at most so many rows. */
const COVERED_SHARE = 0.5
const MOST_ROWS = 30
const MOST_RANKED = 25
const WEEK_DAYS = 7

/** A surge that the judge found, as a report tells it. */
export interface ReportSurge {
  readonly series: string
  readonly kind: SurgeKind
  readonly onsetSeconds: number
  readonly onsetFromSeconds: number
  readonly onsetToSeconds: number
  readonly detectedSeconds: number
  /** Null where it lasted beyond the period. */
  readonly closedSeconds: number | null
  readonly ratio: number
  readonly severity: 'page' | 'notice'
  readonly story: string
  readonly drivers: readonly SurgeDriver[]
  readonly causes: readonly KnownCause[]
}

/** Whether a surge was there in a period. */
export function isOfPeriod(
  { onsetSeconds, closedSeconds }: Pick<ReportSurge, 'onsetSeconds' | 'closedSeconds'>,
  { fromSeconds, toSeconds }: Period
): boolean {
  return onsetSeconds < toSeconds && (closedSeconds ?? toSeconds) > fromSeconds
}

/** What a report knows of how complete it is. */
export interface DataQuality {
  readonly geo: readonly { readonly name: string; readonly built: string }[]
  /** Sensors of the vantage that are declared. */
  readonly sensors: number
  /** Whether it is known which sensors sent anything of each day: a store forgets it with the hours. */
  readonly areSilentKnown: boolean
  /** Of each sensor with days on which it was to listen and nothing came. */
  readonly silent: readonly { readonly sensor: string; readonly days: readonly number[] }[]
  readonly rejectedFrames: readonly { readonly reason: string; readonly frames: number }[]
  readonly damagedFiles: readonly string[]
  /** Frames that are known to be missing: dropped, lost, or in gaps. */
  readonly missingFrames: number
  /** Whether the surges are those of all sensors, also where the report is of one country's. */
  readonly areSurgesOfAll: boolean
  /** Whether hours were there to be judged for surges. */
  readonly areSurgesJudged: boolean
}

/** What a report is made of. */
export interface ReportInput {
  readonly period: Period
  readonly before: Period
  readonly zone: string
  /** The country whose sensors it is about, or null. */
  readonly country: string | null
  /** Of both periods, in order; days that nobody observed are missing. */
  readonly days: readonly KeptDay[]
  readonly totals: Totals
  readonly totalsBefore: Totals
  readonly surges: readonly ReportSurge[]
  readonly quality: DataQuality
  /** The scenario, where the packets are synthetic. */
  readonly synthetic: string | null
}

/** A row of a ranking. */
export interface RankedRow {
  readonly rank: number
  readonly key: string
  readonly packets: number
  /** The sum of daily unique sources. */
  readonly sources: number
  /** Of all packets. */
  readonly share: number
  /** Null where there was none in the period before. */
  readonly previousRank: number | null
  /** Packets a day over those of the period before; null where there were none, or nobody observed. */
  readonly change: number | null
  readonly sourcesRank: number
  /** Packets a dark address and day; null where no dark space is declared. */
  readonly perAddress: number | null
  /** Place by that; null likewise. */
  readonly perAddressRank: number | null
}

/** A line of a figure: a value a day, null where nobody observed. */
export interface FigureLine {
  readonly key: string
  readonly values: readonly (number | null)[]
  /** Mean of the seven days up to each, of those that were observed; null where fewer than four were. */
  readonly means: readonly (number | null)[]
}

/** A figure over the days of the period. */
export interface DailyFigure {
  readonly days: readonly number[]
  readonly lines: readonly FigureLine[]
}

/** A row of the comparison of vantages: shares inside and outside. */
export interface VantageRow {
  readonly key: string
  readonly inside: number
  readonly outside: number
}

/** Everything that is shown. */
export interface ReportModel {
  readonly period: Period
  readonly before: Period
  readonly zone: string
  readonly country: string | null
  readonly synthetic: string | null
  readonly totals: {
    readonly packets: number
    readonly sources: number
    readonly miraiPackets: number
    readonly miraiSources: number
  }
  readonly totalsBefore: {
    readonly packets: number
    readonly sources: number
    readonly miraiPackets: number
    readonly miraiSources: number
  }
  readonly tables: {
    readonly ports: readonly RankedRow[]
    readonly regions: readonly RankedRow[]
    readonly miraiPorts: readonly (RankedRow & { readonly miraiShare: number })[]
  }
  readonly figures: {
    readonly ports: DailyFigure
    readonly regions: DailyFigure
    readonly mirai: DailyFigure
    readonly miraiSources: readonly RankedRow[]
    readonly allSources: readonly RankedRow[]
    readonly miraiRegions: DailyFigure
    /** Of the country that the report is about; null where it is about all. */
    readonly miraiHome: DailyFigure | null
  }
  readonly vantages: { readonly ports: readonly VantageRow[]; readonly regions: readonly VantageRow[] } | null
  readonly surges: readonly ReportSurge[]
  readonly quality: DataQuality & {
    readonly observedDays: number
    /** Of the period before. */
    readonly observedDaysBefore: number
    readonly missingDays: readonly number[]
  }
}

/** Builds the model; the same input gives the same model. */
export function buildReport(input: ReportInput): ReportModel {
  const { period, before, country, totals, totalsBefore } = input
  const byStart = new Map(input.days.map((day) => [day.startSeconds, day]))
  const [now, then] = [period, before].map(({ days }) => days.flatMap((start) => byStart.get(start) ?? []))
  const ranking = (pick: PickCounts, by: 'packets' | 'sources'): RankedRow[] =>
    rank(pick, totals, totalsBefore, by, { now: now!, earlier: then! })
  const ports = ranking((each) => each.ports, 'packets')
  const regions = ranking((each) => each.regions, 'packets')
  const miraiRegions = ranking((each) => each.miraiRegions, 'packets')
  const figure = (keys: readonly string[], packetsAt: (day: KeptDay, key: string) => number): DailyFigure =>
    dailyFigure(
      { days: period.days, before: daysBefore(period.fromSeconds, WEEK_DAYS - 1, input.zone), byStart },
      keys,
      packetsAt
    )
  return {
    period,
    before,
    zone: input.zone,
    country,
    synthetic: input.synthetic,
    totals: sumsOf(totals),
    totalsBefore: sumsOf(totalsBefore),
    tables: {
      ports: covered(ports),
      regions: covered(regions),
      miraiPorts: ranking((each) => each.miraiPorts, 'packets')
        .slice(0, 10)
        .map((row) => ({
          ...row,
          miraiShare: row.packets / (totals.ports.get(row.key)?.packets ?? row.packets)
        }))
    },
    figures: {
      ports: figure(first(ports), ({ vantage }, key) => vantage.ports.get(key)?.packets ?? 0),
      regions: figure(first(regions), ({ vantage }, key) => vantage.regions.get(key)?.packets ?? 0),
      mirai: figure(['mirai'], ({ vantage }) => vantage.mirai.packets),
      miraiSources: ranking((each) => each.miraiRegions, 'sources').slice(0, MOST_RANKED),
      allSources: ranking((each) => each.regions, 'sources').slice(0, MOST_RANKED),
      miraiRegions: figure(
        first(miraiRegions),
        ({ vantage }, key) => vantage.miraiRegions.get(key)?.packets ?? 0
      ),
      miraiHome:
        country === null
          ? null
          : figure([country], ({ vantage }, key) => vantage.miraiRegions.get(key)?.packets ?? 0)
    },
    vantages: country === null ? null : compareVantages(totals, ports, regions),
    surges: input.surges,
    quality: {
      ...input.quality,
      observedDays: now!.length,
      observedDaysBefore: then!.length,
      missingDays: period.days.filter((start) => !byStart.has(start))
    }
  }
}

/** The keys that a figure shows. */
function first(rows: readonly RankedRow[]): string[] {
  return rows.slice(0, TOP).map(({ key }) => key)
}

function sumsOf({ all, mirai }: Totals): ReportModel['totals'] {
  return {
    packets: all.packets,
    sources: all.sources,
    miraiPackets: mirai.packets,
    miraiSources: mirai.sources
  }
}

/** One of the countings of a day, and of all of them. */
type PickCounts = (counts: Totals | DayCounts) => ReadonlyMap<string, Pair>

/** The days of the period, and those before. */
interface Ranking {
  readonly now: readonly KeptDay[]
  readonly earlier: readonly KeptDay[]
}

function rank(
  pick: PickCounts,
  totals: Totals,
  totalsBefore: Totals,
  by: 'packets' | 'sources',
  { now, earlier }: Ranking
): RankedRow[] {
  const [counts, countsBefore] = [pick(totals), pick(totalsBefore)]
  const [places, placesBefore] = [placesOf(counts, by), placesOf(countsBefore, by)]
  const placesBySources = placesOf(counts, 'sources')
  const perAddress = perAddressOf(pick, now)
  const perAddressPlaces = placesOf(
    new Map([...perAddress].map(([key, packets]) => [key, { packets, sources: 0 }])),
    'packets'
  )
  return [...places].map(([key, place]): RankedRow => {
    const { packets, sources } = counts.get(key)!
    const packetsBefore = countsBefore.get(key)?.packets ?? 0
    const isComparable = packetsBefore > 0 && earlier.length > 0 && now.length > 0
    return {
      rank: place,
      key,
      packets,
      sources,
      share: totals.all.packets === 0 ? 0 : packets / totals.all.packets,
      previousRank: placesBefore.get(key) ?? null,
      change: isComparable ? packets / now.length / (packetsBefore / earlier.length) : null,
      sourcesRank: placesBySources.get(key)!,
      perAddress: roundedTo3(perAddress.get(key)),
      perAddressRank: perAddressPlaces.get(key) ?? null
    }
  })
}

/** Three digits: more of them would tell how many dark addresses there are. */
function roundedTo3(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toPrecision(3))
}

/** Packets a dark address and day, on the mean of the days with addresses: a sensor that joins or leaves moves no place. */
function perAddressOf(pick: PickCounts, days: readonly KeptDay[]): Map<string, number> {
  const sums = new Map<string, number>()
  const counted = days.filter(({ darkAddresses }) => darkAddresses > 0)
  for (const { vantage, darkAddresses } of counted) {
    for (const [key, { packets }] of pick(vantage))
      sums.set(key, (sums.get(key) ?? 0) + packets / darkAddresses)
  }
  for (const [key, sum] of sums) sums.set(key, sum / counted.length)
  return sums
}

/** Ranks from 1; of equals the first by key is first. In order of rank. */
function placesOf(counts: ReadonlyMap<string, Pair>, by: 'packets' | 'sources'): Map<string, number> {
  const keys = [...counts].sort(([a, one], [b, other]) => other[by] - one[by] || (a < b ? -1 : 1))
  return new Map(keys.map(([key], i) => [key, i + 1]))
}

/** The first five, and on until half of the packets are in the rows. */
function covered(rows: readonly RankedRow[]): RankedRow[] {
  let share = 0
  const enough = rows.findIndex((row, i) => {
    share += row.share
    return i + 1 >= TOP && share >= COVERED_SHARE
  })
  return rows.slice(0, enough < 0 ? MOST_ROWS : Math.min(enough + 1, MOST_ROWS))
}

/** Which days a figure shows, and those before that its first means are of. */
interface FigureDays {
  readonly days: readonly number[]
  readonly before: readonly number[]
  readonly byStart: ReadonlyMap<number, KeptDay>
}

function dailyFigure(
  { days, before, byStart }: FigureDays,
  keys: readonly string[],
  packetsAt: (day: KeptDay, key: string) => number
): DailyFigure {
  const lines = keys.map((key): FigureLine => {
    const values = [...before, ...days].map((start) => {
      const day = byStart.get(start)
      return day === undefined ? null : packetsAt(day, key)
    })
    const shown = before.length
    return { key, values: values.slice(shown), means: weeklyMeans(values).slice(shown) }
  })
  return { days, lines }
}

function weeklyMeans(values: readonly (number | null)[]): (number | null)[] {
  return values.map((_, i) => {
    const week = values.slice(Math.max(0, i + 1 - WEEK_DAYS), i + 1).filter((value) => value !== null)
    return week.length < 4 ? null : week.reduce((sum, value) => sum + value, 0) / week.length
  })
}

function compareVantages(
  totals: Totals,
  ports: readonly RankedRow[],
  regions: readonly RankedRow[]
): ReportModel['vantages'] {
  // A packet has one region, so that the regions' packets add up to all.
  const everywhere = [...totals.everywhere.regions.values()].reduce((sum, packets) => sum + packets, 0)
  const outside = everywhere - totals.all.packets
  if (outside <= 0) return null
  const compare = (rows: readonly RankedRow[], of: ReadonlyMap<string, number>): VantageRow[] =>
    rows.slice(0, 10).map(({ key, share, packets }) => ({
      key,
      inside: share,
      outside: ((of.get(key) ?? 0) - packets) / outside
    }))
  return {
    ports: compare(ports, totals.everywhere.ports),
    regions: compare(regions, totals.everywhere.regions)
  }
}
