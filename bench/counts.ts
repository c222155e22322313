// Nanoseconds a packet of counting batches: `node dist/bench/counts.js`.
import { PacketCounter } from '../core/counts/packet-counter.ts'
import { type CountQuery, NO_CONDITIONS } from '../core/counts/query.ts'
import { measureSyns, synBatches } from './syn-batches.ts'

const ROUNDS = 8
const HOUR: CountQuery = {
  by: ['port'],
  window: { kind: 'fixed', size: 'hour' },
  zone: 'UTC',
  fromSeconds: null,
  toSeconds: null,
  where: NO_CONDITIONS,
  hasSources: false
}
const QUERIES: readonly (readonly [string, CountQuery])[] = [
  ['by nothing, hours', { ...HOUR, by: [] }],
  ['by port, hours', HOUR],
  ['by port, days of Tokyo', { ...HOUR, window: { kind: 'fixed', size: 'day' }, zone: 'Asia/Tokyo' }],
  ['by port, rolling 1h', { ...HOUR, window: { kind: 'rolling', spans: [{ label: '1h', seconds: 3600 }] } }],
  ['by port, hours, where tag=mirai', { ...HOUR, where: { ...NO_CONDITIONS, tagBits: 1 } }],
  ['by port and tag, minutes', { ...HOUR, by: ['port', 'tag'], window: { kind: 'fixed', size: 'minute' } }],
  ['by region, hours, unique sources', { ...HOUR, by: ['region'], hasSources: true }]
]

const batches = synBatches()
for (const [name, query] of QUERIES) {
  await measureSyns(name, ROUNDS, () => {
    const counter = new PacketCounter(query)
    for (const batch of batches) counter.add(batch)
  })
}
