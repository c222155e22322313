// A real process that spools and sends is killed at random moments, again and again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import { packageRoot } from '../../../adapters/package-root.ts'
import type { DeclaredLoss } from '../../../core/batch/raw-batch.ts'
import { openSpool, spoolFolder, takeAll } from './spool-fixture.ts'

const ROUNDS = 25
const { folder, remove } = spoolFolder()
const sentFile = `${folder}-sent`
afterAll(remove)

interface Told {
  readonly name: { readonly epoch: string; readonly number: number }
  readonly digest: string
  /** First frame, and how many. */
  readonly frames: readonly [number, number]
  readonly framesBefore: number
  readonly declaredLosses: readonly DeclaredLoss[]
}

async function killedAfter(ms: number, seed: number): Promise<void> {
  const script = path.join(packageRoot(), 'test/adapters/spool/spooling-process.mjs')
  const child = spawn(process.execPath, [script, packageRoot(), folder, sentFile, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), ended])
  await delay(ms)
  child.kill('SIGKILL')
  expect(await ended).toEqual([null, 'SIGKILL'])
}

test('gives no name two contents, and loses and doubles no frame', async () => {
  for (let round = 0; round < ROUNDS; round++) await killedAfter((round * 37) % 150, round)

  const spool = await openSpool(folder)
  const last = spool.currentFile!.frames
  const waiting = (await takeAll(spool, false)).map(({ batch }): Told => {
    const frames = batch.frames as Float64Array
    return { ...batch, frames: [frames[0]!, frames.length] }
  })
  const ends = spool.nextLosses()
  await spool.stop()
  const sent = existsSync(sentFile) ? readFileSync(sentFile, 'utf8').trim().split('\n') : []
  // A line that the kill cut off was not sent.
  const told = [...sent.flatMap(parsed), ...waiting]
  const names = new Map<string, Told>()
  for (const each of told) {
    const key = `${each.name.epoch} ${each.name.number}`
    const known = names.get(key)
    if (known !== undefined) expect([key, each.digest]).toEqual([key, known.digest])
    names.set(key, each)
  }
  const batches = [...names.values()].sort((a, b) => a.frames[0] - b.frames[0])
  let next = 1
  for (const { frames } of batches) {
    expect(frames[0]).toBe(next)
    next += frames[1]
  }
  expect(next - 1).toBe(last)
  const epochs = new Map<string, Told[]>()
  for (const each of batches) epochs.set(each.name.epoch, [...(epochs.get(each.name.epoch) ?? []), each])
  const declared = [...batches.flatMap(({ declaredLosses }) => declaredLosses), ...ends]
  for (const [epoch, mine] of epochs) {
    expect(mine.map(({ name }) => name.number)).toEqual(mine.map((_, i) => i + 1))
    const total = mine.reduce((sum, { frames }) => sum + frames[1], 0)
    const end = { epoch, lane: 0, from: mine.length + 1, to: 0, frames: total, kind: 'epoch-end' }
    expect(declared.filter((loss) => loss.epoch === epoch)).toEqual([end])
  }
  expect(epochs.size).toBeGreaterThan(ROUNDS / 2)
})

function parsed(line: string): Told[] {
  try {
    return [JSON.parse(line) as Told]
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
