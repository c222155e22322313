import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openSpool, spoolFolder, takeAll, TestLane } from './spool-fixture.ts'

const { folder, remove } = spoolFolder()
const whole = path.join(folder, 'whole')
afterAll(remove)

/** Where the newest segment ended after each batch. */
const ends: number[] = []

function newest(of: string): string {
  const names = readdirSync(of)
    .filter((name) => name.endsWith('.segment'))
    .sort()
  return path.join(of, names.at(-1)!)
}

beforeAll(async () => {
  const spool = await openSpool(whole)
  const lane = new TestLane(spool)
  for (let i = 0; i < 3; i++) {
    await spool.append(lane.next(10, 20), null)
    ends.push(statSync(newest(whole)).size)
  }
  // No stop: what is on the disk now is what kill -9 would leave.
  cpSync(whole, path.join(folder, 'image'), { recursive: true })
  await spool.stop()
})

/** The image with its newest segment changed. */
function imageWith(name: string, change: (file: string) => void): string {
  const to = path.join(folder, name)
  mkdirSync(to, { recursive: true })
  for (const each of readdirSync(path.join(folder, 'image'))) {
    copyFileSync(path.join(folder, 'image', each), path.join(to, each))
  }
  change(newest(to))
  return to
}

async function numbersIn(
  of: string
): Promise<{ numbers: number[]; cutBytes: number; losses: readonly object[] }> {
  const spool = await openSpool(of)
  const { cutBytes } = spool.counters
  const losses = spool.nextLosses()
  const numbers = (await takeAll(spool)).map(({ batch }) => batch.name.number)
  await spool.stop()
  return { numbers, cutBytes, losses }
}

describe('a torn tail', () => {
  test('at every byte of the last record is cut off and told, and all before it is kept', async () => {
    for (let size = ends[1]!; size < ends[2]!; size++) {
      const image = imageWith(`cut-${size}`, (file) => truncateSync(file, size))

      const { numbers, cutBytes, losses } = await numbersIn(image)

      expect({ size, numbers, cutBytes }).toEqual({ size, numbers: [1, 2], cutBytes: size - ends[1]! })
      expect(losses).toEqual([expect.objectContaining({ kind: 'epoch-end', from: 3, frames: 20 })])
    }
  })

  test('of zeros, or of bytes that were never written, is cut off', async () => {
    for (const fill of [0, 0xff]) {
      const image = imageWith(`filled-${fill}`, (file) => {
        const bytes = readFileSync(file)
        writeFileSync(file, Buffer.concat([bytes.subarray(0, ends[2]), Buffer.alloc(5000, fill)]))
      })

      expect(await numbersIn(image)).toMatchObject({ numbers: [1, 2, 3], cutBytes: 5000 })
    }
  })

  test('that leaves nothing of the newest segment takes nothing from the one before it', async () => {
    const image = imageWith('empty', (file) => {
      for (const bytes of ['', 'nothing']) {
        writeFileSync(file.replace(/\d{12}/, '000000000099'), bytes)
      }
    })

    expect(await numbersIn(image)).toMatchObject({ numbers: [1, 2, 3], cutBytes: 7 })
    expect(existsSync(path.join(image, '000000000099.segment'))).toBe(false)
  })
})
