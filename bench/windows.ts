// Nanoseconds a packet of what the aggregator does, on sources that are all new and on none: `node
// dist/bench/windows.js`.
import { MemoryStore } from '../adapters/memory-store.ts'
import { Accumulator } from '../core/windows/accumulator.ts'
import { measureSyns, synBatches } from './syn-batches.ts'

const ROUNDS = 8

const batches = synBatches()
const accumulator = new Accumulator()
const nothing = { slot: 0, spans: [], batches: [], known: [] }

await measureSyns('packets and sources, all new', ROUNDS, () => {
  accumulator.forget()
  for (const batch of batches) accumulator.add(batch)
  accumulator.take()
})
await measureSyns('packets and sources, none new', ROUNDS, () => {
  for (const batch of batches) accumulator.add(batch)
  accumulator.take()
})
await measureSyns('packets and sources, all new, into the memory store', ROUNDS, async () => {
  accumulator.forget()
  for (const batch of batches) accumulator.add(batch)
  await new MemoryStore().applySlot({ ...nothing, ...accumulator.take() })
})
