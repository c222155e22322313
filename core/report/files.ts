// The report's numbers as files: JSON, and a CSV for every table and figure.
import { formatZoned } from '../windows/time-zone.ts'
import type { DailyFigure, RankedRow, ReportModel, ReportSurge, VantageRow } from './model.ts'
import { dateOf } from './period.ts'

/** Names of files, and what is in them. */
export type ReportFiles = ReadonlyMap<string, string>

/** The model for other programs (docs/report.schema.json): dates as ISO 8601 days, names of sensors left out unless internal. */
export function reportJson(model: ReportModel, audience: 'public' | 'internal'): string {
  const { period, before, zone, quality, surges, figures } = model
  const span = ({ label, days }: ReportModel['period']): object => ({
    label,
    from: dateOf(days[0]!, zone),
    to: dateOf(days.at(-1)!, zone)
  })
  const daily = (figure: DailyFigure | null): object | null =>
    figure === null ? null : { ...figure, days: figure.days.map((day) => dateOf(day, zone)) }
  const value = {
    format: 'stormpetrel-report',
    version: 1,
    synthetic: model.synthetic,
    period: span(period),
    compare: span(before),
    timeZone: zone,
    sensorsIn: model.country,
    totals: model.totals,
    totalsBefore: model.totalsBefore,
    tables: model.tables,
    figures: {
      ...figures,
      ports: daily(figures.ports),
      regions: daily(figures.regions),
      mirai: daily(figures.mirai),
      miraiRegions: daily(figures.miraiRegions),
      miraiHome: daily(figures.miraiHome)
    },
    vantages: model.vantages,
    surges: surges.map((each) => surgeJson(each, zone, audience)),
    quality: {
      observedDays: quality.observedDays,
      missingDays: quality.missingDays.map((day) => dateOf(day, zone)),
      sensors: quality.sensors,
      silentSensors: quality.silent.length,
      silentSensorDays: quality.silent.reduce((sum, { days }) => sum + days.length, 0),
      ...(audience === 'internal'
        ? {
            silent: quality.silent.map(({ sensor, days }) => ({
              sensor,
              days: days.map((day) => dateOf(day, zone))
            }))
          }
        : {}),
      rejectedFrames: quality.rejectedFrames,
      damagedFiles: quality.damagedFiles.length,
      missingFrames: quality.missingFrames,
      geo: quality.geo,
      areSurgesJudged: quality.areSurgesJudged
    }
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

function surgeJson(surge: ReportSurge, zone: string, audience: 'public' | 'internal'): object {
  const { series, kind, closedSeconds, ratio, severity, story, drivers, causes } = surge
  return {
    series,
    kind,
    onset: formatZoned(zone, surge.onsetSeconds),
    onsetFrom: formatZoned(zone, surge.onsetFromSeconds),
    onsetTo: formatZoned(zone, surge.onsetToSeconds),
    detected: formatZoned(zone, surge.detectedSeconds),
    closed: closedSeconds === null ? null : formatZoned(zone, closedSeconds),
    ratio,
    severity,
    story,
    drivers: drivers.filter(({ dimension }) => dimension !== 'sensor' || audience === 'internal'),
    causes
  }
}

/** Every table and figure, by the names of their files. */
export function reportCsv({ tables, figures, vantages, surges, zone }: ReportModel): ReportFiles {
  const files = new Map<string, string>([
    ['table-1-ports.csv', rankedCsv('port', tables.ports)],
    ['table-2-regions.csv', rankedCsv('region', tables.regions)],
    [
      'mirai-ports.csv',
      csv(
        ['rank', 'port', 'packets', 'sources', 'mirai_share'],
        tables.miraiPorts.map(({ rank, key, packets, sources, miraiShare }) => [
          rank,
          key,
          packets,
          sources,
          miraiShare.toFixed(6)
        ])
      )
    ],
    ['figure-1-ports.csv', dailyCsv(figures.ports, zone)],
    ['figure-2-regions.csv', dailyCsv(figures.regions, zone)],
    ['figure-3-mirai.csv', dailyCsv(figures.mirai, zone)],
    ['figure-4-mirai-sources.csv', rankedCsv('region', figures.miraiSources)],
    ['figure-4-all-sources.csv', rankedCsv('region', figures.allSources)],
    ['figure-5-mirai-regions.csv', dailyCsv(figures.miraiRegions, zone)],
    [
      'surges.csv',
      csv(
        ['series', 'kind', 'onset', 'detected', 'closed', 'ratio', 'severity', 'story', 'drivers', 'causes'],
        surges.map((each) => [
          each.series,
          each.kind,
          formatZoned(zone, each.onsetSeconds),
          formatZoned(zone, each.detectedSeconds),
          each.closedSeconds === null ? '' : formatZoned(zone, each.closedSeconds),
          each.ratio.toFixed(3),
          each.severity,
          each.story,
          driversText(each),
          each.causes.map(({ name, date }) => `${name} ${date}`).join('; ')
        ])
      )
    ]
  ])
  if (figures.miraiHome !== null) files.set('figure-6-mirai-home.csv', dailyCsv(figures.miraiHome, zone))
  if (vantages !== null) {
    files.set('vantages-ports.csv', vantageCsv('port', vantages.ports))
    files.set('vantages-regions.csv', vantageCsv('region', vantages.regions))
  }
  return files
}

/** 'port 23/TCP 0.85; port rest 0.15'; sensors are nobody's business outside. */
function driversText({ drivers }: ReportSurge): string {
  return drivers
    .filter(({ dimension }) => dimension !== 'sensor')
    .map(({ dimension, key, share }) => `${dimension} ${key === '' ? 'rest' : key} ${share.toFixed(2)}`)
    .join('; ')
}

function rankedCsv(key: string, rows: readonly RankedRow[]): string {
  return csv(
    [
      'rank',
      key,
      'previous_rank',
      'packets',
      'share',
      'change',
      'sources',
      'sources_rank',
      'per_address',
      'per_address_rank'
    ],
    rows.map((row) => [
      row.rank,
      row.key,
      row.previousRank ?? '',
      row.packets,
      row.share.toFixed(6),
      row.change?.toFixed(4) ?? '',
      row.sources,
      row.sourcesRank,
      row.perAddress ?? '',
      row.perAddressRank ?? ''
    ])
  )
}

function dailyCsv({ days, lines }: DailyFigure, zone: string): string {
  return csv(
    ['day', ...lines.flatMap(({ key }) => [key, `${key} 7-day mean`])],
    days.map((day, i) => [
      dateOf(day, zone),
      ...lines.flatMap(({ values, means }) => [values[i] ?? '', means[i]?.toFixed(2) ?? ''])
    ])
  )
}

function vantageCsv(key: string, rows: readonly VantageRow[]): string {
  return csv(
    [key, 'inside_share', 'outside_share'],
    rows.map((row) => [row.key, row.inside.toFixed(6), row.outside.toFixed(6)])
  )
}

function csv(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [columns, ...rows].map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('')
}

/** RFC 4180. */
function quoted(cell: string | number): string {
  const written = String(cell)
  return /[",\r\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written
}
