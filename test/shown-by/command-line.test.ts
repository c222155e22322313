// What every call keeps to: formats that say the same, one line for what is wrong, exit codes, quiet pipes.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parseLines, stormpetrel } from '../cli/collected-output.ts'
import { PcapngBlocks, pcap } from '../core/capture/capture-builder.ts'
import { synPacket } from '../builders/frames.ts'
import { ELSEWHERE, SAMPLES } from './oracle/captures.ts'
import { parseCsv, parseTable } from './oracle/formats.ts'
import { PROGRAM, runProgram } from './oracle/program.ts'
import { type TagRecord, tag } from './oracle/tag-record.ts'

const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-command-line-'))

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const LINUX_USB = 189
const RAW = 101
const START = 1_700_000_000

describe('every format says the same', () => {
  const files = ['nmap.pcapng', 'backscatter.pcap', 'hping3.pcap'].map((name) => join(SAMPLES, name))
  test.each([
    ['tag', ['tag', ...files]],
    ['counts', ['counts', ...files, '--by', 'port,tag,region', '--window', 'all,minute,rolling', '--sources']]
  ])('of %s', async (_, args) => {
    const rows = parseLines(await ask(args, 'ndjson'))
    const texts = rows.map((row) => Object.values(row).map(textOf))

    expect(rows.length).toBeGreaterThan(100)
    expect(JSON.parse(await ask(args, 'json'))).toEqual(rows)
    const [csvNames, ...csvRows] = parseCsv(await ask(args, 'csv'))
    expect(csvNames).toEqual(Object.keys(rows[0]!))
    expect(csvRows).toEqual(texts)
    const [tableNames, ...tableRows] = parseTable(await ask(args, 'table'))
    expect(tableNames).toEqual(Object.keys(rows[0]!))
    // A table shows a dash for what is not there.
    expect(tableRows.map((row) => row.map((cell) => (cell === '-' ? '' : cell)))).toEqual(texts)
  })
})

async function ask(args: readonly string[], format: string): Promise<string> {
  const { exitCode, stdout, stderr } = await stormpetrel([...args, '--format', format])
  expect([exitCode, stderr]).toEqual([0, ''])
  return stdout
}

/** A value of JSON as text: tags stand between spaces. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(' ')
  return typeof value === 'number' ? String(value) : ((value as string | null) ?? '')
}

describe('a link type that is not decoded', () => {
  const usb = new Uint8Array(64)

  test('is named at once, with file and offset, exit 1', async () => {
    const blocks = new PcapngBlocks()
    const description = blocks.interface({ linkType: LINUX_USB })
    const files = [
      write('usb.pcap', pcap({ linkType: LINUX_USB }, [{ seconds: START, data: usb }])),
      write('usb.pcapng', Buffer.concat([blocks.section(), description, blocks.packet({ data: usb })])),
      write('unknown.pcap', pcap({ linkType: 9999 }, []))
    ]
    const names = ['189 (USB_LINUX)', '189 (USB_LINUX)', '9999 (unknown)']

    for (const [i, file] of files.entries()) {
      const { exitCode, stdout, stderr } = await stormpetrel(['tag', file])

      expect([exitCode, stdout]).toEqual([1, ''])
      expectOneLine(stderr)
      expect(stderr).toContain(`${file}: at byte `)
      expect(stderr).toContain(names[i])
    }
  })

  test('of one interface of a pcapng rejects the packets of that interface only', async () => {
    const blocks = new PcapngBlocks()
    const file = write(
      'mixed.pcapng',
      Buffer.concat([
        blocks.section(),
        blocks.interface({ linkType: LINUX_USB }),
        blocks.interface({ linkType: RAW }),
        blocks.packet({ id: 0, data: usb }),
        blocks.packet({ id: 1, data: synPacket() }),
        blocks.packet({ id: 0, data: usb })
      ])
    )

    const { records, exitCode, stderr } = await tag(file)

    expect([exitCode, stderr]).toEqual([0, ''])
    expect(records.map(({ rejected }) => rejected)).toEqual([
      'link-type-unsupported',
      null,
      'link-type-unsupported'
    ])
  })
})

describe('odd times', () => {
  test('of more than a second after the point are carried into the seconds', async () => {
    const micro = pcap({ linkType: RAW }, [{ seconds: START, subSeconds: 4_000_001, data: synPacket() }])
    const nano = pcap({ linkType: RAW, magic: 0xa1b23c4d }, [
      { seconds: START, subSeconds: 1_882_137_472, data: synPacket() }
    ])

    const { records } = await tag(write('micro.pcap', micro), write('nano.pcap', nano))

    expect(records.map(({ timestamp }) => timestamp)).toEqual([
      '2023-11-14T22:13:24.000001000Z',
      '2023-11-14T22:13:21.882137472Z'
    ])
  })

  test('outside 1970-2106 are rejected, and the edges are not', async () => {
    const blocks = new PcapngBlocks()
    const seconds = [-1, 0, 2 ** 32 - 1, 2 ** 32, 18_446_744_073_204]
    const offset = (value: number): Buffer => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64LE(BigInt(value))
      return blocks.option(14, bytes)
    }
    const file = write(
      'times.pcapng',
      Buffer.concat([
        blocks.section(),
        ...seconds.map((value) => blocks.interface({ linkType: RAW, options: [offset(value)] })),
        ...seconds.map((_, id) => blocks.packet({ id, time: 999_999n, data: synPacket() }))
      ])
    )

    const { records, exitCode } = await tag(file)
    const counted = await stormpetrel(['counts', file, '--window', 'minute'])

    expect(exitCode).toBe(0)
    expect(records.map(({ timestamp, rejected }) => timestamp ?? rejected)).toEqual([
      'time-out-of-range',
      '1970-01-01T00:00:00.999999000Z',
      '2106-02-07T06:28:15.999999000Z',
      'time-out-of-range',
      'time-out-of-range'
    ])
    expect(parseLines(counted.stdout).map((row) => [row['window_start'], row['packets']])).toEqual([
      ['1970-01-01T00:00:00Z', 1],
      ['2106-02-07T06:28:00Z', 1]
    ])
  })
})

if (existsSync(ELSEWHERE)) {
  describe('the captures that others made', () => {
    test.each(expectedEnds())('%s ends as tcpdump says', async (file, tcpdumpError) => {
      const path = join(ELSEWHERE, file)
      const isDamaged = /truncated dump file|invalid packet capture length/.test(tcpdumpError)

      for (const verb of ['tag', 'counts']) {
        const { exitCode, stderr } = await stormpetrel([verb, path])

        expect(exitCode).toBe(isDamaged ? 1 : 0)
        if (!isDamaged) expect(stderr).toBe('')
        else expect(stderr).toMatch(damageLine(path))
      }
    })

    test('have a year 586,524, whose packets are rejected and not counted', async () => {
      const path = join(ELSEWHERE, 'PcapPlusPlus-PcapExamples-pcapng-example.pcapng')

      const { records } = await tag(path)
      const { stdout } = await stormpetrel(['counts', path, '--window', 'all'])

      const rejected = records.filter((record) => record.rejected !== null)
      expect(new Set(rejected.map((record) => record.rejected))).toEqual(new Set(['time-out-of-range']))
      expect([records.length, rejected.length]).toEqual([159, 100])
      expect(parseLines(stdout).map(({ packets }) => packets)).toEqual([59])
    })
  })
}

/** Files with what tcpdump said at their end. */
function expectedEnds(): [string, string][] {
  const [head, ...rows] = readFileSync(join(ELSEWHERE, 'expected.tsv'), 'utf8').trimEnd().split('\n')
  const at = head!.split('\t').indexOf('tcpdump_error')
  return rows.map((row) => [row.split('\t')[0]!, row.split('\t')[at] ?? ''])
}

function damageLine(path: string): RegExp {
  const file = path.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(
    `^stormpetrel: ${file}: damaged at byte \\d+: [^\\n]+; the \\d+ packets before it were used\\n$`
  )
}

function expectOneLine(stderr: string): void {
  expect(stderr).toMatch(/^stormpetrel: [^\n]+\n$/)
}

describe('the program', () => {
  const sample = join(SAMPLES, 'zmap.pcap')

  test.each<readonly [readonly string[], number]>([
    [['tag'], 2],
    [['tag', '--colour', sample], 2],
    [['counts', sample, '--by', 'weather'], 2],
    [['tag', PROGRAM], 1],
    [['tag', '/nowhere/at/all.pcap'], 1],
    [['counts', folder, '/nowhere/at/all.pcap'], 1]
  ])('called with %j exits with one line on stderr and nothing else', (args, exitCode) => {
    const end = runProgram(args)

    expect([end.exitCode, end.stdout]).toEqual([exitCode, ''])
    expectOneLine(end.stderr)
  })

  test('prints what it prints in this process', async () => {
    const args = ['tag', sample, '--format', 'csv']

    expect(runProgram(args)).toEqual(await stormpetrel(args))
  })

  test.each(['tag', 'counts --by port --window minute'])('%s | head -1 ends quietly', (verb) => {
    const script = `"$0" "$1" ${verb} --format csv ${SAMPLES} | head -1; exit "\${PIPESTATUS[0]}"`
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, PROGRAM], {
      encoding: 'utf8'
    })

    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').length).toBe(2)
  })

  test('reads a capture that comes slowly, as a live tcpdump gives it', () => {
    const script = '(head -c 1000 "$2"; sleep 0.3; tail -c +1001 "$2") | "$0" "$1" tag - | wc -l'

    const lines = execFileSync('bash', ['-c', script, process.execPath, PROGRAM, sample], {
      encoding: 'utf8'
    })

    expect(Number(lines)).toBe(1152)
  })

  test('gives each record once for files whose names need quoting', async () => {
    const odd = write('a "b",\n\\c.pcap', readFileSync(sample))

    const records = parseLines((await stormpetrel(['tag', odd])).stdout) as unknown as TagRecord[]
    const [, ...rows] = parseCsv((await stormpetrel(['tag', odd, '--format', 'csv'])).stdout)

    expect(new Set(records.map(({ file }) => file))).toEqual(new Set([odd]))
    expect(new Set(rows.map(([file]) => file))).toEqual(new Set([odd]))
    expect([records.length, rows.length]).toEqual([1152, 1152])
  })
})
