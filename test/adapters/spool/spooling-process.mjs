// A process that spools until it is killed: `node spooling-process.mjs FOLDER SENT-FILE SEED`. Its input is the frames 1, 2,
// 3 ...; it goes on from the position in the spool, and notes each batch that it "sends" in the sent file.
import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [root, folder, sentFile, seed] = process.argv.slice(2)
const load = (name) => import(pathToFileURL(path.join(root, 'dist', name)).href)
const { Spool } = await load('adapters/spool.js')
const { digestOf } = await load('core/batch/digest.js')

let state = Number(seed) + 1
const random = (below) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return (state >>> 8) % below
}
const spool = new Spool({
  folder,
  sensor: 's',
  sizeLimitBytes: 8 * 1024 * 1024,
  ageLimitMs: 3_600_000,
  full: 'drop-oldest',
  nowMs: Date.now,
  log: () => undefined,
  onFailure: (error) => {
    console.error(error)
    process.exit(3)
  }
})
await spool.start()
process.stdout.write('started\n')
void send()
let frames = spool.currentFile?.frames ?? 0
for (let number = 1, framesBefore = 0; ; number++) {
  const count = 1 + random(50)
  const contents = {
    closedAtMs: Date.now(),
    packets: count,
    framesBefore,
    kernelDrops: 0,
    declaredLosses: spool.nextLosses(),
    capture: Buffer.alloc(random(20_000)),
    file: null,
    frames: Float64Array.from({ length: count }, (_, i) => frames + i + 1),
    refused: []
  }
  frames += count
  framesBefore += count
  const name = { sensor: 's', epoch: spool.epoch, lane: 0, number }
  const batch = { name, digest: digestOf(contents), epochStartedMs: spool.epochStartedMs, ...contents }
  const file = { name: 'input', inode: '1', sizeBytes: 0, modifiedNs: '0', head: 0, headBytes: 0 }
  const safe = spool.append(batch, { file, frames, isFinished: false })
  // Sometimes several are in hand.
  if (random(3) > 0) await safe
  await spool.untilRoom(() => false)
}

async function send() {
  for (;;) {
    const batches = await spool.next()
    const lines = batches.map(({ batch }) => JSON.stringify(told(batch)))
    appendFileSync(sentFile, `${lines.join('\n')}\n`)
    await new Promise((resolve) => setTimeout(resolve, random(20)))
    spool.acknowledge(batches.at(-1).sequence)
  }
}

function told({ name, digest, frames, framesBefore, declaredLosses }) {
  return { name, digest, frames: [frames[0], frames.length], framesBefore, declaredLosses }
}
