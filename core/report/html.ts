// The report as one page that needs nothing else: no script, no font, no network.
import { escapeText as text, lineChart, type Mark } from './chart.ts'
import type { DailyFigure, RankedRow, ReportModel, ReportSurge, VantageRow } from './model.ts'
import { dateOf, hourOf } from './period.ts'
import { portName } from './port-names.ts'
import { type Language, regionName } from './region-names.ts'
import { type ReportTexts, textsOf } from './texts.ts'

/** For whom a report is. */
export interface ReportPage {
  readonly language: Language
  /** `internal` names sensors. */
  readonly audience: 'public' | 'internal'
}

/** Surges of a story that are named beside the one that leads it. */
const MOST_NAMED = 8

const STYLE = `
:root{color-scheme:light}
body{font-family:"Noto Sans","Noto Sans CJK JP","Hiragino Sans","Yu Gothic",sans-serif;color:#1a1a1a;background:#fff;margin:0 auto;max-width:60rem;padding:1.5rem;line-height:1.6}
h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.25rem;border-bottom:2px solid #1a1a1a;margin:2.4rem 0 .8rem;padding-bottom:.2rem}h3{font-size:1rem;margin:1.4rem 0 .4rem}
p{margin:.5rem 0}.note{color:#555;font-size:.88rem}.synthetic{background:#fff3cd;border:2px solid #8a6d00;color:#4d3d00;font-weight:bold;padding:.5rem .8rem;margin:.8rem 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;width:100%}caption{text-align:left;font-weight:bold;padding:.3rem 0}
th,td{border-bottom:1px solid #ccc;padding:.28rem .55rem;text-align:left;vertical-align:top}th{background:#f2f2f2}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:1rem 0;break-inside:avoid}figcaption{font-weight:bold;font-size:.95rem;margin-bottom:.3rem}svg{width:100%;height:auto}
.two{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem}@media(max-width:640px){.two{grid-template-columns:1fr}}
.up{font-weight:bold}td.n .bar{float:left;height:.75rem;margin-top:.45rem;background:#0072b2;print-color-adjust:exact;-webkit-print-color-adjust:exact}.surges td:nth-child(1){width:21%}.surges td:nth-child(n+2):nth-child(-n+4),.surges th{white-space:nowrap}.surges th:last-child{white-space:normal}.surges td:nth-child(6){width:36%}.drivers{list-style:none;margin:0;padding:0;font-size:.85rem}ul{padding-left:1.2rem}
@page{size:A4;margin:14mm}@media print{body{padding:0;max-width:none;font-size:10pt}h2{break-after:avoid}section{break-inside:auto}.break{break-before:page}}
`

/** The page. The same model gives the same bytes. */
export function reportHtml(model: ReportModel, page: ReportPage): string {
  return new Page(model, page).html()
}

class Page {
  readonly #model: ReportModel
  readonly #texts: ReportTexts
  readonly #page: ReportPage

  constructor(model: ReportModel, page: ReportPage) {
    this.#model = model
    this.#page = page
    this.#texts = textsOf(page.language)
  }

  html(): string {
    const { period, country } = this.#model
    const t = this.#texts
    const title = t.title(
      t.period(period.label, this.#day(period.fromSeconds), this.#day(period.days.at(-1)!))
    )
    const where = t.where(country === null ? null : this.#region(country))
    const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${text(title)}</title><style>${STYLE}</style>`
    const last = this.#day(period.days.at(-1)!)
    const body = [
      `<header><h1>${text(title)}</h1><p>${text(t.subtitle(where, this.#day(period.fromSeconds), last, this.#model.zone))}</p>${this.#banner()}</header><main>`,
      this.#summary(),
      this.#ports(),
      this.#regions(),
      this.#mirai(),
      this.#surges(),
      this.#vantages(),
      this.#quality(),
      this.#section(t.method, t.methodTexts.map((each) => `<p>${text(each)}</p>`).join('')),
      '</main>'
    ]
    return `<!doctype html>\n<html lang="${this.#page.language}"><head>${head}</head><body>${body.join('\n')}</body></html>\n`
  }

  #banner(): string {
    const { synthetic } = this.#model
    return synthetic === null ? '' : `<p class="synthetic">${text(this.#texts.synthetic(synthetic))}</p>`
  }

  /** Says on each part that is printed that the data are synthetic, where they are. */
  #section(title: string, content: string, isBroken = false): string {
    return `<section${isBroken ? ' class="break"' : ''}><h2>${text(title)}</h2>${this.#banner()}${content}</section>`
  }

  #summary(): string {
    const { totals, totalsBefore, quality } = this.#model
    const t = this.#texts
    const change =
      totalsBefore.packets === 0
        ? null
        : totals.packets / quality.observedDays / (totalsBefore.packets / quality.observedDaysBefore)
    const share = totals.packets === 0 ? 0 : totals.miraiPackets / totals.packets
    const paragraph = t.totals(
      t.number(totals.packets),
      t.number(totals.sources),
      t.percent(share),
      change === null ? null : change.toFixed(2)
    )
    return `<section><h2>${text(t.summary)}</h2><p>${text(paragraph)}</p></section>`
  }

  #ports(): string {
    const { tables, figures } = this.#model
    const t = this.#texts
    const table = this.#ranking(`${t.table(1)} ${t.ports}`, t.columns.port, tables.ports, (key) =>
      this.#port(key)
    )
    const marks = this.#marks(figures.ports.lines.map(({ key }) => `port=${key}`))
    return this.#section(
      t.ports,
      `${table}<p class="note">${text(t.coverNote(t.percent(sumShares(tables.ports))))} ${text(t.portNote)} ${text(t.sourcesNote)}</p>` +
        this.#figure(1, t.ports, figures.ports, (key) => this.#port(key), marks)
    )
  }

  #regions(): string {
    const { tables, figures } = this.#model
    const t = this.#texts
    const table = this.#ranking(`${t.table(2)} ${t.regions}`, t.columns.region, tables.regions, (key) =>
      this.#region(key)
    )
    const marks = this.#marks(figures.regions.lines.map(({ key }) => `region=${key}`))
    return this.#section(
      t.regions,
      `${table}<p class="note">${text(t.coverNote(t.percent(sumShares(tables.regions))))}</p>` +
        this.#figure(2, t.regions, figures.regions, (key) => this.#region(key), marks),
      true
    )
  }

  #mirai(): string {
    const { figures, tables, country } = this.#model
    const t = this.#texts
    const c = t.columns
    const miraiRows = tables.miraiPorts.map((row) => [
      number(row.rank),
      `<td>${text(this.#port(row.key))}</td>`,
      number(t.number(row.packets)),
      number(t.percent(row.miraiShare))
    ])
    const share = this.#table(t.mirai, [c.rank, c.port, c.packets, c.miraiShare], [0, 2, 3], miraiRows)
    const ranked = (caption: string, rows: readonly RankedRow[]): string =>
      this.#table(
        caption,
        [c.rank, c.region, c.sources],
        [0, 2],
        rows.map((row) => [
          number(row.rank),
          this.#highlighted(row.key),
          barred(t.number(row.sources), row.sources / rows[0]!.sources)
        ])
      )
    const home = figures.miraiHome
    return this.#section(
      t.mirai,
      this.#figure(3, t.mirai, figures.mirai, () => 'Mirai', this.#marks(['tag=mirai'])) +
        share +
        `<h3>${text(`${t.figure(4)} ${t.miraiSources} / ${t.allSources}`)}</h3><div class="two">${ranked(t.miraiSources, figures.miraiSources)}${ranked(t.allSources, figures.allSources)}</div><p class="note">${text(t.sourcesNote)}</p>` +
        this.#figure(
          5,
          t.miraiRegions,
          figures.miraiRegions,
          (key) => this.#region(key),
          this.#marks(figures.miraiRegions.lines.map(({ key }) => `region=${key},tag=mirai`))
        ) +
        (home === null || country === null
          ? ''
          : this.#figure(
              6,
              t.miraiHome(this.#region(country)),
              home,
              (key) => this.#region(key),
              this.#marks([`region=${country},tag=mirai`])
            )),
      true
    )
  }

  #surges(): string {
    const { surges, quality } = this.#model
    const t = this.#texts
    const c = t.columns
    if (!quality.areSurgesJudged) return this.#section(t.surges, `<p>${text(t.notJudged)}</p>`, true)
    const of = quality.areSurgesOfAll ? `<p class="note">${text(t.surgesOfAll)}</p>` : ''
    if (surges.length === 0) return this.#section(t.surges, `<p>${text(t.noSurges)}</p>${of}`, true)
    const rows = storiesOf(surges).map(([surge, ...others]) => [
      `<td>${text(this.#series(surge.series))}${this.#others(others)}</td>`,
      `<td>${text(t.kinds[surge.kind])}</td>`,
      `<td>${text(this.#hour(surge.onsetSeconds))}</td>`,
      `<td>${text(surge.closedSeconds === null ? t.lasts : this.#hour(surge.closedSeconds))}</td>`,
      number(surge.ratio.toFixed(1)),
      `<td>${this.#drivers(surge)}</td>`,
      `<td>${text(
        [
          ...new Set(
            [surge, ...others].flatMap(({ causes }) => causes.map(({ name, date }) => `${name} (${date})`))
          )
        ].join(t.comma) || t.none
      )}</td>`
    ])
    return this.#section(
      t.surges,
      this.#table(
        t.surges,
        [c.series, c.kind, c.onset, c.until, c.ratio, c.drivers, c.causes],
        [4],
        rows,
        'surges'
      ) + of,
      true
    )
  }

  /** What is told together with a surge, the first of them by name. */
  #others(others: readonly ReportSurge[]): string {
    if (others.length === 0) return ''
    const t = this.#texts
    const names = [...new Set(others.map(({ series }) => this.#series(series)))]
    const shown = names.slice(0, MOST_NAMED)
    return `<div class="note">${text(t.together(shown.join(t.comma), names.length - shown.length))}</div>`
  }

  #vantages(): string {
    const { vantages, country } = this.#model
    const t = this.#texts
    if (vantages === null || country === null) return ''
    const table = (
      caption: string,
      column: string,
      rows: readonly VantageRow[],
      nameOf: (key: string) => string
    ): string =>
      this.#table(
        caption,
        [column, t.columns.inside, t.columns.outside],
        [1, 2],
        rows.map(({ key, inside, outside }) => [
          `<td>${text(nameOf(key))}</td>`,
          number(t.percent(inside)),
          number(t.percent(outside))
        ])
      )
    return this.#section(
      t.vantages(this.#region(country)),
      `<div class="two">${table(t.ports, t.columns.port, vantages.ports, (key) => this.#port(key))}${table(t.regions, t.columns.region, vantages.regions, (key) => this.#region(key))}</div>`,
      true
    )
  }

  #quality(): string {
    const { quality, period } = this.#model
    const t = this.#texts
    const lines = [
      t.observed(String(quality.observedDays), String(period.days.length), String(quality.sensors))
    ]
    const problems: string[] = []
    if (quality.missingDays.length > 0)
      problems.push(t.missingDays(quality.missingDays.map((day) => this.#day(day)).join(', ')))
    if (quality.silent.length > 0) problems.push(...this.#silent())
    for (const { reason, frames } of quality.rejectedFrames)
      problems.push(t.rejected(t.number(frames), reason))
    if (quality.damagedFiles.length > 0) problems.push(t.damaged(String(quality.damagedFiles.length)))
    if (quality.missingFrames > 0) problems.push(t.missingFrames(t.number(quality.missingFrames)))
    if (!quality.areSilentKnown) problems.push(t.silentUnknown)
    lines.push(...(problems.length === 0 ? [t.complete] : problems))
    lines.push(...quality.geo.map(({ name, built }) => t.geo(name, built)))
    return this.#section(
      t.quality,
      `<ul>${lines.map((each) => `<li>${text(each)}</li>`).join('')}</ul>`,
      true
    )
  }

  #silent(): string[] {
    const { silent } = this.#model.quality
    const t = this.#texts
    if (this.#page.audience === 'internal')
      return silent.map(({ sensor, days }) =>
        t.silentSensor(sensor, days.map((day) => this.#day(day)).join(', '))
      )
    const days = silent.reduce((sum, each) => sum + each.days.length, 0)
    return [t.silentSensors(String(silent.length), String(days))]
  }

  #ranking(
    caption: string,
    column: string,
    rows: readonly RankedRow[],
    nameOf: (key: string) => string
  ): string {
    const t = this.#texts
    const c = t.columns
    const hasAddresses = rows.some(({ perAddress }) => perAddress !== null)
    const columns = [c.rank, column, c.previousRank, c.packets, c.share, c.change, c.sources, c.sourcesRank]
    if (hasAddresses) columns.push(c.perAddress, c.perAddressRank)
    const cells = rows.map((row) => [
      number(row.rank),
      `<td>${text(nameOf(row.key))}</td>`,
      number(row.previousRank ?? '–'),
      number(t.number(row.packets)),
      number(t.percent(row.share)),
      number(row.change === null ? '–' : `×${row.change.toFixed(2)}`),
      number(t.number(row.sources)),
      number(row.sourcesRank),
      ...(hasAddresses
        ? [number(row.perAddress?.toPrecision(3) ?? '–'), number(row.perAddressRank ?? '–')]
        : [])
    ])
    return this.#table(
      caption,
      columns,
      columns.map((_, i) => i).filter((i) => i !== 1),
      cells
    )
  }

  #table(
    caption: string,
    columns: readonly string[],
    numeric: readonly number[],
    rows: readonly (readonly string[])[],
    name = ''
  ): string {
    const head = columns.map(
      (each, i) => `<th scope="col"${numeric.includes(i) ? ' class="n"' : ''}>${text(each)}</th>`
    )
    const body = rows.map((cells) => `<tr>${cells.join('')}</tr>`)
    return `<div class="scroll" tabindex="0" role="region" aria-label="${text(caption)}"><table${name === '' ? '' : ` class="${name}"`}><caption>${text(caption)}</caption><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
  }

  #figure(
    number: number,
    title: string,
    figure: DailyFigure,
    nameOf: (key: string) => string,
    marks: readonly Mark[]
  ): string {
    const t = this.#texts
    const caption = `${t.figure(number)} ${title}`
    const svg = lineChart(figure, marks, {
      title: caption,
      description: t.chartDescription,
      unit: t.packetsADay,
      nameOf,
      numberOf: (value) => t.number(value),
      dayOf: (seconds) => t.shortDay(dateOf(seconds, this.#model.zone))
    })
    return `<figure><figcaption>${text(caption)}</figcaption>${svg}<p class="note">${text(t.chartDescription)}</p></figure>`
  }

  /** Onsets of surges of these series that began in the period. */
  #marks(series: readonly string[]): Mark[] {
    const { surges, period } = this.#model
    return surges
      .filter((surge) => series.includes(surge.series) && surge.kind !== 'heavy-hitter')
      .filter(({ onsetSeconds }) => onsetSeconds >= period.fromSeconds && onsetSeconds < period.toSeconds)
      .map(({ onsetSeconds, series: name, ratio }) => ({
        seconds: onsetSeconds,
        label: `${this.#series(name)} ×${ratio.toFixed(1)}`
      }))
  }

  /** A line a dimension, as HTML. */
  #drivers({ drivers }: ReportSurge): string {
    const t = this.#texts
    const shown = drivers.filter(
      ({ dimension }) => dimension !== 'sensor' || this.#page.audience === 'internal'
    )
    const lines = [...new Set(shown.map(({ dimension }) => dimension))].map((dimension) => {
      const parts = shown
        .filter((each) => each.dimension === dimension)
        .map(({ key, share }) => `${this.#driver(dimension, key)} ${Math.round(share * 100)}%`)
      return `<li>${text(`${t.dimensions[dimension] ?? dimension} ${parts.join(t.comma)}`)}</li>`
    })
    return lines.length === 0 ? text(t.none) : `<ul class="drivers">${lines.join('')}</ul>`
  }

  #driver(dimension: string, key: string): string {
    const t = this.#texts
    if (key === '') return t.rest
    if (dimension === 'region') return this.#region(key)
    if (dimension === 'asn') return key === '0' ? t.unknown : key
    return dimension === 'source' ? (t.sourceKinds[key] ?? key) : key
  }

  #series(series: string): string {
    const parts = series === 'all' ? [] : series.split(',').map((part) => part.split('=') as [string, string])
    return this.#texts.series(
      parts.map(([dimension, key]) => {
        if (dimension === 'region') return [dimension, this.#region(key)] as const
        if (dimension === 'port') return [dimension, this.#port(key)] as const
        return [dimension, dimension === 'asn' ? `AS${key}` : key === 'mirai' ? 'Mirai' : key] as const
      })
    )
  }

  #highlighted(key: string): string {
    const name = text(this.#region(key))
    return key === this.#model.country ? `<td class="up">${name}</td>` : `<td>${name}</td>`
  }

  #region(key: string): string {
    return regionName(key, this.#page.language)
  }

  #port(key: string): string {
    const name = portName(key)
    return name === null ? key : `${key} (${name})`
  }

  #day(seconds: number): string {
    return this.#texts.day(dateOf(seconds, this.#model.zone))
  }

  #hour(seconds: number): string {
    return hourOf(seconds, this.#model.zone)
  }
}

/** Surges by story in order of onset, each with the one that leads it first: that which paged, or else the first. */
function storiesOf(surges: readonly ReportSurge[]): [ReportSurge, ...ReportSurge[]][] {
  const stories = new Map<string, [ReportSurge, ...ReportSurge[]]>()
  for (const surge of surges) {
    const story = stories.get(surge.story)
    if (story === undefined) stories.set(surge.story, [surge])
    else if (surge.severity === 'page' && story[0].severity !== 'page') story.unshift(surge)
    else story.push(surge)
  }
  return [...stories.values()].sort((a, b) => a[0].onsetSeconds - b[0].onsetSeconds)
}

function number(value: number | string): string {
  return `<td class="n">${text(String(value))}</td>`
}

/** A number with a bar, so long a share of the longest. */
function barred(value: string, share: number): string {
  return `<td class="n"><div class="bar" style="width:${(share * 60).toFixed(1)}%"></div>${text(value)}</td>`
}

function sumShares(rows: readonly RankedRow[]): number {
  return rows.reduce((sum, { share }) => sum + share, 0)
}
