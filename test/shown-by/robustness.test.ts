// Damaged captures at the command line: every frame up to the damage once, then one line, and never anything else.
// CI runs some thousands; a longer search by hand is
//   STORMPETREL_MUTATIONS=5000 STORMPETREL_MUTATION_SEED=7 npx jest test/shown-by/robustness.test.ts
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { FRAME_REJECT_REASONS } from '../../core/packets/reject-reason.ts'
import { mutate } from './fuzz/mutate.ts'
import { type CaptureSeed, everyBlockSeed, linkSeeds } from './fuzz/link-seeds.ts'
import { SeededRandom } from '../../tools/fuzz/random.ts'
import { capturesAtHand } from './oracle/captures.ts'
import { packetsByTshark } from './oracle/tshark-packets.ts'
import { headersOf, type Tagged, type TagRecord, tag, withoutFiles } from './oracle/tag-record.ts'

const MUTATIONS = Number(process.env['STORMPETREL_MUTATIONS'] ?? 100)
const SEED = Number(process.env['STORMPETREL_MUTATION_SEED'] ?? 20_240_611)
/** Files of one call of `tag`. */
const FILES_AT_ONCE = 100
/** Enough for all kinds of blocks; a whole capture would only be slower. */
const SEED_BYTES = 8000

const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-damaged-'))
const made = linkSeeds()
const everyBlock = everyBlockSeed()
const atHand = capturesAtHand().map(({ name, plainPath }): CaptureSeed => {
  return { name, bytes: readFileSync(plainPath).subarray(0, SEED_BYTES) }
})
const compressed: CaptureSeed[] = [
  { name: 'mpls.pcapng.gz', bytes: gzipSync(made.find(({ name }) => name === 'mpls.pcapng')!.bytes) },
  { name: 'sll.pcap.zst', bytes: zstd(made.find(({ name }) => name === 'sll.pcap')!.bytes) }
]

function zstd(bytes: Uint8Array): Buffer {
  return execFileSync('zstd', ['-qc'], { input: bytes })
}

function write({ name, bytes }: CaptureSeed): string {
  const file = join(folder, name)
  writeFileSync(file, bytes)
  return file
}

describe('sound captures', () => {
  test('of every link type read as tshark reads them', async () => {
    const files = made.map(write)
    const merged = join(folder, 'merged.pcapng')
    execFileSync('mergecap', ['-a', '-w', merged, ...files], { stdio: 'ignore' })

    expectAsTshark(await tag(...files), merged)
  })

  test('with every kind of block read as tshark reads them', async () => {
    const file = write(everyBlock)

    expectAsTshark(await tag(file), file)
  })

  test('read the same compressed', async () => {
    const plain = ['mpls.pcapng', 'sll.pcap'].map((name) => write(made.find((seed) => seed.name === name)!))
    const [ours, theirs] = [await tag(...compressed.map(write)), await tag(...plain)]

    expect(withoutFiles(ours.records)).toEqual(withoutFiles(theirs.records))
  })
})

function expectAsTshark({ records, exitCode, stderr }: Tagged, file: string): void {
  const theirs = packetsByTshark(file)
  expect([exitCode, stderr, records.length]).toEqual([0, '', theirs.length])
  for (const [i, record] of records.entries()) {
    const { timestamp: _, ...headers } = headersOf(record)
    expect([record.file, record.frame, headers]).toEqual([record.file, record.frame, theirs[i]!.headers])
  }
}

describe('damaged captures', () => {
  test.each([...made, everyBlock, ...compressed, ...atHand])(
    'like $name end with one line each',
    async (seed) => {
      const random = new SeededRandom(SEED + seed.bytes.length)
      for (let left = MUTATIONS; left > 0; left -= FILES_AT_ONCE) {
        const files = Array.from({ length: Math.min(left, FILES_AT_ONCE) }, (_, i) => {
          const file = join(folder, `${i}-${seed.name}`)
          writeFileSync(file, mutate(seed.bytes, random))
          return file
        })
        expectSound(files, await tag(...files))
      }
    }
  )
})

function expectSound(files: readonly string[], tagged: Tagged): void {
  const lines = tagged.stderr.split('\n').slice(0, -1)
  const failures = files.filter((file) => lines.some((line) => line.startsWith(`stormpetrel: ${file}`)))
  // At most one line a file, and none that is about something else.
  expect(lines.length).toBe(failures.length)
  expect(tagged.exitCode).toBe(failures.length > 0 ? 1 : 0)
  for (const line of lines) expect(line).toMatch(/ byte \d+: /)

  const byFile = new Map<string, TagRecord[]>(files.map((file) => [file, []]))
  for (const record of tagged.records) byFile.get(record.file)!.push(record)
  for (const [file, records] of byFile) {
    expect([file, records.findIndex(({ frame }, i) => frame !== i + 1)]).toEqual([file, -1])
    for (const record of records) expectWhole(record)
    const line = lines.find((text) => text.startsWith(`stormpetrel: ${file}`))
    const used = /the (\d+) packets before it were used/.exec(line ?? '')?.[1]
    if (used !== undefined) expect([file, records.length]).toEqual([file, Number(used)])
    if (line?.includes('no packet was used')) expect([file, records.length]).toEqual([file, 0])
  }
}

/** A record is a packet with a time and addresses, or a reason and nothing else. */
function expectWhole(record: TagRecord): void {
  if (record.rejected === null) {
    const isWhole =
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(record.timestamp!) &&
      record.src !== null &&
      record.dst !== null &&
      record.protocol !== null &&
      record.ttl !== null &&
      record.ip_length !== null &&
      record.tags !== null
    expect([record, isWhole]).toEqual([record, true])
    return
  }
  const { file: _, frame: __, rejected, ...rest } = record
  expect(FRAME_REJECT_REASONS).toContain(rejected)
  expect([record, Object.values(rest).every((value) => value === null)]).toEqual([record, true])
}
