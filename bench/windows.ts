// Nanoseconds a packet of what the aggregator does, on sources that are all new and on none: `node
// dist/bench/windows.js`.
import { MemoryStore } from '../adapters/memory-store.ts'
import type { SourcePart } from '../core/store/count-store.ts'
import { CountAccumulator } from '../core/windows/count-accumulator.ts'
import { SourceAccumulator } from '../core/windows/source-accumulator.ts'
import { measureSyns, synBatches } from './syn-batches.ts'

const ROUNDS = 8

const batches = synBatches()
const sources = new SourceAccumulator()
const counts = new CountAccumulator()
let parts: readonly SourcePart[] = []
const nothing = { slot: 0, spans: [], batches: [], known: [], counts: [], sources: [] }

await measureSyns('sources, all new', ROUNDS, () => {
  sources.forgetSent()
  for (const batch of batches) sources.add(batch)
  parts = sources.take()
})
await measureSyns('sources, none new', ROUNDS, () => {
  for (const batch of batches) sources.add(batch)
})
await measureSyns('sources, all new, into the memory store', ROUNDS, async () => {
  await new MemoryStore().applySlot({ ...nothing, sources: parts })
})
await measureSyns('counts', ROUNDS, () => {
  for (const batch of batches) counts.add(batch)
  counts.take()
})
await measureSyns('counts, into the memory store', ROUNDS, async () => {
  for (const batch of batches) counts.add(batch)
  await new MemoryStore().applySlot({ ...nothing, counts: counts.take() })
})
