// Figures as SVG: lines over days, drawn once, in the same bytes for the same numbers. Colours are those of Okabe and Ito, told
// apart by the colour-blind, and dashes tell them apart in grey.
import { scaleLinear, scaleUtc } from 'd3-scale'
import { line } from 'd3-shape'
import type { DailyFigure } from './model.ts'

/** A day that is marked, such as a surge's onset. */
export interface Mark {
  readonly seconds: number
  readonly label: string
}

/** What a chart says beside its lines. */
export interface ChartTexts {
  readonly title: string
  readonly description: string
  readonly unit: string
  readonly nameOf: (key: string) => string
  /** A number of the vertical axis. */
  readonly numberOf: (value: number) => string
  /** A day of the horizontal axis, such as 5/11. */
  readonly dayOf: (seconds: number) => string
}

const WIDTH = 860
const HEIGHT = 300
const MARGIN = { top: 24, right: 150, bottom: 34, left: 62 }
const STYLES = [
  { color: '#0072b2', dash: '' },
  { color: '#d55e00', dash: '7 3' },
  { color: '#006b4f', dash: '2 3' },
  { color: '#a1378a', dash: '10 3 2 3' },
  { color: '#5c4a00', dash: '4 2 1 2' },
  { color: '#222222', dash: '' }
] as const
const GRID = '#dddddd'
const TEXT = '#333333'

/** A figure as an SVG element; daily values are thin, their means over seven days bold. */
export function lineChart(figure: DailyFigure, marks: readonly Mark[], texts: ChartTexts): string {
  const { days, lines } = figure
  const most = Math.max(1, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)))
  const right = WIDTH - MARGIN.right
  const x = scaleUtc([days[0]! * 1000, days.at(-1)! * 1000], [MARGIN.left, right])
  const y = scaleLinear([0, most], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(5)
  const pathOf = (values: readonly (number | null)[]): string =>
    line<number | null>()
      .defined((value) => value !== null)
      .x((_, i) => round(x(days[i]! * 1000)))
      .y((value) => round(y(value ?? 0)))([...values]) ?? ''
  const parts = [
    ...y.ticks(5).map((value) => gridLine(round(y(value)), texts.numberOf(value))),
    ...axisDays(days).map((day) => dayLabel(round(x(day * 1000)), texts.dayOf(day))),
    ...markLines(
      marks.map(({ seconds, label }) => ({ at: Math.min(right, round(x(seconds * 1000))), label }))
    ),
    ...lines.flatMap(({ values, means }, i) => {
      const { color, dash } = STYLES[i % STYLES.length]!
      return [
        `<path d="${pathOf(values)}" fill="none" stroke="${color}" stroke-opacity="0.45" stroke-width="0.8"/>`,
        `<path d="${pathOf(means)}" fill="none" stroke="${color}" stroke-width="2.2"${dashOf(dash)}/>`,
        ...loneDays(values).map(
          (day) =>
            `<circle cx="${round(x(days[day]! * 1000))}" cy="${round(y(values[day]!))}" r="2" fill="${color}"/>`
        )
      ]
    }),
    ...legend(figure, texts)
  ]
  return (
    `<svg role="img" viewBox="0 0 ${WIDTH} ${HEIGHT}" xmlns="http://www.w3.org/2000/svg" aria-label="${escapeText(`${texts.title}. ${texts.description}`)}">` +
    `<text x="2" y="11" font-size="11" fill="${TEXT}">${escapeText(texts.unit)}</text>` +
    `${parts.join('')}</svg>`
  )
}

/** Days without a neighbour that was observed: a line of one point is none. */
function loneDays(values: readonly (number | null)[]): number[] {
  const isThere = (day: number): boolean => values[day] !== null && values[day] !== undefined
  return values.flatMap((_, day) => (isThere(day) && !isThere(day - 1) && !isThere(day + 1) ? [day] : []))
}

function gridLine(at: number, label: string): string {
  return (
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" stroke="${GRID}"/>` +
    `<text x="${MARGIN.left - 8}" y="${at + 4}" font-size="11" text-anchor="end" fill="${TEXT}">${escapeText(label)}</text>`
  )
}

function dayLabel(at: number, label: string): string {
  const y = HEIGHT - MARGIN.bottom
  return (
    `<line x1="${at}" x2="${at}" y1="${y}" y2="${y + 5}" stroke="${TEXT}"/>` +
    `<text x="${at}" y="${y + 19}" font-size="11" text-anchor="middle" fill="${TEXT}">${escapeText(label)}</text>`
  )
}

/** Marks from left to right, each label in the first row in which it lies on no other. */
function markLines(marks: readonly { readonly at: number; readonly label: string }[]): string[] {
  const rows: [from: number, to: number][][] = []
  return [...marks]
    .sort((a, b) => a.at - b.at)
    .flatMap(({ at, label }) => {
      const length = labelLength(label)
      // Near the right edge the label would lie on the names of the lines.
      const isLate = at > (WIDTH - MARGIN.right) * 0.8
      const [from, to] = isLate ? [at - 3 - length, at - 3] : [at + 3, at + 3 + length]
      let row = rows.findIndex((taken) => taken.every((other) => to < other[0] || from > other[1]))
      if (row < 0) row = rows.push([]) - 1
      rows[row]!.push([from, to])
      const place = isLate ? `x="${at - 3}" text-anchor="end"` : `x="${at + 3}"`
      return [
        `<line x1="${at}" x2="${at}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="#b00020" stroke-dasharray="3 3"/>`,
        `<text ${place} y="${MARGIN.top + 10 + row * 12}" font-size="10" fill="#b00020">${escapeText(label)}</text>`
      ]
    })
}

/** About how wide a label is: Japanese letters are as wide as they are high. */
function labelLength(label: string): number {
  const wide = label.match(/[\u2E80-\uFFEF]/gu)?.length ?? 0
  return 10 * wide + 5.6 * (label.length - wide) + 4
}

function legend({ lines }: DailyFigure, { nameOf }: ChartTexts): string[] {
  return lines.map(({ key }, i) => {
    const { color, dash } = STYLES[i % STYLES.length]!
    const [left, top] = [WIDTH - MARGIN.right + 12, MARGIN.top + 12 + i * 18]
    return (
      `<line x1="${left}" x2="${left + 24}" y1="${top}" y2="${top}" stroke="${color}" stroke-width="2.2"${dashOf(dash)}/>` +
      `<text x="${left + 30}" y="${top + 4}" font-size="12" fill="${TEXT}">${escapeText(nameOf(key))}</text>`
    )
  })
}

/** About eight days, evenly. */
function axisDays(days: readonly number[]): number[] {
  const every = Math.max(1, Math.ceil(days.length / 8))
  return days.filter((_, i) => i % every === 0)
}

function dashOf(dash: string): string {
  return dash === '' ? '' : ` stroke-dasharray="${dash}"`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** Text within HTML or SVG. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
