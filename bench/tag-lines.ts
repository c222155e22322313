// Nanoseconds a packet of printing records: `node dist/bench/tag-lines.js`.
import { FORMATS } from '../cli/output/format.ts'
import { PacketLines } from '../cli/output/packet-lines.ts'
import { measureSyns, synBatches } from './syn-batches.ts'

const ROUNDS = 8

const batches = synBatches()
for (const format of FORMATS) {
  await measureSyns(`records as ${format}`, ROUNDS, async () => {
    const lines = new PacketLines(format, { write: async () => undefined }, [])
    await lines.start()
    for (const batch of batches) await lines.add(batch, [])
    await lines.end()
  })
}
