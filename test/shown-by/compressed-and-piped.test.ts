// The same packets whichever way a capture comes: plain, gzip, zstd, in a folder, among others, or through a pipe.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { parseLines, stormpetrel } from '../cli/collected-output.ts'
import { capturesAtHand, capturesIn, SAMPLES } from './oracle/captures.ts'
import { runProgram } from './oracle/program.ts'
import { type Tagged, type TagRecord, tag, withoutFiles } from './oracle/tag-record.ts'

/** Every capture at hand without its compression. */
const CAPTURES = capturesAtHand().map(({ plainPath }) => plainPath)
const COMPRESSIONS = ['gzip', 'zstd'] as const

const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-ways-'))

function compress(program: (typeof COMPRESSIONS)[number], bytes: Uint8Array): Buffer {
  return execFileSync(program, ['-c'], {
    input: bytes,
    maxBuffer: 2 ** 28,
    stdio: ['pipe', 'pipe', 'ignore']
  })
}

/** What is said of damage, without file names, and without the note that a file was decompressed. */
function reasons(stderr: string): string[] {
  const lines = stderr.split('\n').slice(0, -1)
  return lines.map((line) => line.replace(/^stormpetrel: .*?: damaged/, 'damaged'))
}

describe('every capture', () => {
  let plain: Tagged
  beforeAll(async () => {
    plain = await tag(...CAPTURES)
  })

  test('given with others has the records that it has alone', async () => {
    const alone: TagRecord[] = []
    for (const file of CAPTURES) alone.push(...(await tag(file)).records)

    expect(plain.records).toEqual(alone)
  })

  test.each(COMPRESSIONS)('as %s in a folder has the same records, and the same damage', async (program) => {
    const compressed = join(folder, program)
    mkdirSync(compressed)
    // Numbered, since a folder is read in order of names.
    for (const [i, file] of CAPTURES.entries()) {
      writeFileSync(join(compressed, String(i).padStart(3, '0')), compress(program, readFileSync(file)))
    }

    const tagged = await tag(compressed)

    expect(withoutFiles(tagged.records)).toEqual(withoutFiles(plain.records))
    expect(reasons(tagged.stderr)).toEqual(reasons(plain.stderr))
    expect(tagged.exitCode).toBe(plain.exitCode)
    const counted = await stormpetrel(['counts', compressed, '--window', 'all'])
    const valid = plain.records.filter(({ rejected }) => rejected === null).length
    expect(parseLines(counted.stdout)).toEqual([
      { window: 'all', window_start: null, vantage: 'all', packets: valid }
    ])
  })
})

describe('a file that is damaged among others', () => {
  const samples = capturesIn(SAMPLES).filter(({ name }) => name === 'hping3.pcap' || name === 'zmap.pcap')
  const [first, last] = samples.map(({ path }) => path) as [string, string]

  test.each([
    [
      'cut',
      (bytes: Buffer) => bytes.subarray(0, -7),
      /damaged at byte \d+: the file ends inside packet 480;/
    ],
    ['with a length that lies', lieInPacket5, /damaged at byte \d+: packet 5 says that it has 3735928559 /],
    [
      'cut as gzip',
      (bytes: Buffer) => compress('gzip', bytes).subarray(0, -9),
      /gzip stream is damaged at byte/
    ],
    [
      'cut as zstd',
      (bytes: Buffer) => compress('zstd', bytes).subarray(0, -9),
      /zstd stream is damaged at byte/
    ],
    ['no capture', () => Buffer.from('hello'), /at byte 0: neither pcap nor pcapng/],
    ['empty', () => Buffer.alloc(0), /at byte 0: neither pcap nor pcapng/]
  ])('(%s) takes nothing from them', async (name, damage, said) => {
    const damaged = join(folder, name.replaceAll(' ', '-'))
    writeFileSync(damaged, damage(readFileSync(first)))

    const tagged = await tag(first, damaged, last)
    const own = tagged.records.filter(({ file }) => file === damaged)
    const others = tagged.records.filter(({ file }) => file !== damaged)

    expect(others).toEqual((await tag(first, last)).records)
    const whole = withoutFiles(others.filter(({ file }) => file === first))
    expect(withoutFiles(own)).toEqual(whole.slice(0, own.length))
    expect(tagged.exitCode).toBe(1)
    expect(tagged.stderr).toMatch(/^stormpetrel: [^\n]*\n$/)
    expect(tagged.stderr).toContain(damaged)
    expect(tagged.stderr).toMatch(said)
  })

  test('that is missing ends the verb before anything is read', async () => {
    const { exitCode, stdout, stderr } = await stormpetrel(['tag', first, join(folder, 'nowhere'), last])

    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^stormpetrel: [^\n]*nowhere: cannot be read: [^\n]*\n$/)
  })
})

/** The captured length of the fifth record. */
function lieInPacket5(bytes: Buffer): Buffer {
  let at = 24
  for (let packet = 1; packet < 5; packet++) at += 16 + bytes.readUInt32LE(at + 8)
  bytes.writeUInt32LE(0xdeadbeef, at + 8)
  return bytes
}

describe('standard input', () => {
  test.each(
    capturesAtHand().filter(({ name }) => /nmap|masscan|mirai.pcap.zst|test102|fuzz|sll2/.test(name))
  )('may be $name', async ({ path }) => {
    const expected = await tag(path)

    const { exitCode, stdout, stderr } = runProgram(['tag', '-'], readFileSync(path))
    const records = parseLines(stdout) as unknown as TagRecord[]

    expect(withoutFiles(records)).toEqual(withoutFiles(expected.records))
    expect(new Set(records.map(({ file }) => file))).toEqual(new Set(['-']))
    expect([exitCode, reasons(stderr)]).toEqual([expected.exitCode, reasons(expected.stderr)])
  })

  test('may be one of several files, and be counted', async () => {
    const [zmap, mirai] = ['zmap.pcap', 'mirai.pcap.zst'].map((name) => join(SAMPLES, name)) as [
      string,
      string
    ]
    const args = ['--by', 'port,region', '--window', 'hour', '--sources']

    const piped = runProgram(['counts', zmap, '-', ...args], readFileSync(mirai))

    expect(piped).toEqual(await stormpetrel(['counts', zmap, mirai, ...args]))
  })

  test('that is empty or no capture is bad input', () => {
    for (const input of ['', 'hello']) {
      const { exitCode, stdout, stderr } = runProgram(['tag', '-'], Buffer.from(input))

      expect([exitCode, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(/^stormpetrel: standard input: at byte 0: neither pcap nor pcapng[^\n]*\n$/)
    }
  })
})
