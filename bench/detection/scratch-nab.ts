import { readFileSync, readdirSync } from 'node:fs'
import { SeriesTable } from '../../core/surges/series-table.ts'
import { thresholdsOf, TUNE } from '../../core/surges/thresholds.ts'
import { RECENT_DAYS } from '../../core/surges/thresholds.ts'
import { judgeHour } from '../../core/surges/judge-hour.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import { episodes } from './score.ts'
for (const a of (process.argv[2] ?? '').split(',')) {
  const [k, v] = a.split('=')
  if (k) TUNE[k] = Number(v)
}
const thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS, RECENT_DAYS)
const windows = JSON.parse(readFileSync('/tmp/nab/windows.json', 'utf8'))
let total = 0,
  days = 0,
  inside = 0
for (const f of readdirSync('/tmp/nab').filter((x) => x.endsWith('.csv'))) {
  const hours = new Map<number, number>()
  for (const line of readFileSync(`/tmp/nab/${f}`, 'utf8').trim().split('\n').slice(1)) {
    const [t, v] = line.split(',')
    const h = Math.floor(Date.parse(`${t!.replace(' ', 'T')}Z`) / 3.6e6)
    hours.set(h, (hours.get(h) ?? 0) + Number(v))
  }
  const keys = [...hours.keys()].sort((a, b) => a - b)
  const w = windows[`realTweets/${f}`].map((x: string[]) =>
    x.map((t) => Date.parse(`${t.slice(0, 19).replace(' ', 'T')}Z`) / 3.6e6)
  )
  const inWin = (h: number) => w.some(([a, b]: number[]) => h + 1 > a! && h < b!)
  const table = new SeriesTable(1)
  table.add()
  const changes: any[] = []
  for (let h = keys[0]!; h <= keys.at(-1)!; h++) {
    const v = hours.get(h)
    judgeHour(
      table,
      0,
      h,
      v === undefined ? null : { packets: v, sources: null, busiest: null, darkAddresses: null },
      thresholds,
      changes
    )
  }
  const desc = new Map(
    changes.map((c) => [
      c.detectedHour - 1,
      `${c.kind} x${c.ratio.toFixed(1)} on ${((c.onsetHour - keys[0]!) / 24) | 0} closed ${c.closedHour === null ? '-' : c.closedHour - c.detectedHour}h`
    ])
  )
  const eps = episodes([...desc.keys()]).filter((h) => h >= keys[0]! + 336)
  const out = eps.filter((h) => !inWin(h))
  total += out.length
  inside += eps.length - out.length
  days += (keys.at(-1)! - keys[0]! - 336) / 24
  console.log(
    f.slice(15, -4),
    'in',
    eps.length - out.length,
    'OUT',
    out.map((h) => `d${((h - keys[0]!) / 24).toFixed(1)} ${desc.get(h)}`).join('; ')
  )
}
console.log('outside', total, 'per series-quarter', ((total * 91) / days).toFixed(2), 'inside', inside)
