import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { newFolder, noPacket, START, syn, writeCapture, writeDamaged } from './capture-files.ts'
import { parseLines, stormpetrel } from './collected-output.ts'

describe('counts of captures', () => {
  const folder = newFolder()
  const path = writeCapture(folder, 'a.pcap', [
    syn(1, 23, START),
    syn(1, 23, START + 60),
    syn(2, 23, START + 700),
    syn(3, 80, START + 700),
    noPacket()
  ])

  test('are rows by hour without options', async () => {
    const { exitCode, stdout, stderr } = await stormpetrel(['counts', path])

    expect([exitCode, stderr]).toEqual([0, ''])
    expect(parseLines(stdout)).toEqual([
      { window: 'hour', window_start: '2022-05-10T14:00:00Z', vantage: 'all', packets: 2 },
      { window: 'hour', window_start: '2022-05-10T15:00:00Z', vantage: 'all', packets: 2 }
    ])
  })

  test('are grouped, filtered and counted by source as asked', async () => {
    const args = [
      '--by',
      'port,sensor',
      '--window',
      'day',
      '--tz',
      'Asia/Tokyo',
      '--sources',
      '--where',
      'port=23/TCP'
    ]
    const { stdout } = await stormpetrel(['counts', path, ...args])

    const day = { window: 'day', vantage: 'all', port: '23/TCP', sensor: 'local' }
    expect(parseLines(stdout)).toEqual([
      { ...day, window_start: '2022-05-10T00:00:00+09:00', packets: 2, sources: 1 },
      { ...day, window_start: '2022-05-11T00:00:00+09:00', packets: 1, sources: 1 }
    ])
  })

  test('of several windows come one after the other', async () => {
    const { stdout } = await stormpetrel(['counts', path, '--window', 'all,rolling', '--last', '5m,1h'])

    expect(parseLines(stdout).map(({ window, packets }) => [window, packets])).toEqual([
      ['all', 4],
      ['1h', 4],
      ['5m', 2]
    ])
  })

  test('between two local times have the packets from the first up to the second', async () => {
    const between = ['--tz', 'Asia/Tokyo', '--from', '2022-05-10T23:51', '--to', '2022-05-11T00:01:40']
    const { stdout } = await stormpetrel(['counts', path, '--window', 'all', ...between])

    expect(parseLines(stdout).map(({ packets }) => packets)).toEqual([1])
  })

  test('count byte-equal files once, and say so', async () => {
    const copy = join(folder, 'copy.pcap')
    copyFileSync(path, copy)

    const { exitCode, stdout, stderr } = await stormpetrel(['counts', path, copy, path, '--window', 'all'])

    expect(exitCode).toBe(0)
    expect(parseLines(stdout).map(({ packets }) => packets)).toEqual([4])
    expect(stderr).toBe(
      `stormpetrel: ${copy}: byte for byte ${path}, so it is read once\n` +
        `stormpetrel: ${path}: byte for byte ${path}, so it is read once\n`
    )
  })

  test('keep files of one size apart where their bytes differ', async () => {
    const first = writeCapture(folder, 'first.pcap', [syn(1, 23)])
    const second = writeCapture(folder, 'second.pcap', [syn(2, 23)])

    const { stdout, stderr } = await stormpetrel(['counts', first, second, '--window', 'all', '--sources'])

    expect(stderr).toBe('')
    expect(parseLines(stdout)[0]).toMatchObject({ packets: 2, sources: 2 })
  })

  test('read a folder as the captures in it', async () => {
    const captures = newFolder()
    writeCapture(captures, 'x.pcap', [syn(1, 23)])
    writeCapture(captures, 'y.pcap', [syn(1, 23), syn(2, 23)])

    const { stdout } = await stormpetrel(['counts', captures, '--window', 'all'])

    expect(parseLines(stdout)[0]).toMatchObject({ packets: 3 })
  })

  test('of a damaged file have its packets before the damage; then one line on stderr, exit 1', async () => {
    const damaged = writeDamaged(folder, 'damaged.pcap', [syn(1, 23), syn(2, 23)])

    const { exitCode, stdout, stderr } = await stormpetrel(['counts', damaged, '--window', 'all'])

    expect(exitCode).toBe(1)
    expect(parseLines(stdout)[0]).toMatchObject({ packets: 1 })
    expect(stderr).toMatch(/^stormpetrel: .*damaged\.pcap: .*byte \d+.*\n$/)
  })

  test('have the regions of their sources', async () => {
    const { stdout } = await stormpetrel(['counts', path, '--by', 'region', '--window', 'all'])

    for (const row of parseLines(stdout)) expect(row['region']).toMatch(/^[A-Z]{2}$/)
  })

  test('come as csv and as a table too', async () => {
    const csv = await stormpetrel(['counts', path, '--window', 'all', '--by', 'port', '--format', 'csv'])
    const table = await stormpetrel(['counts', path, '--window', 'all', '--by', 'port'], {}, true)

    expect(csv.stdout).toBe(
      'window,window_start,vantage,port,packets\r\nall,,all,23/TCP,3\r\nall,,all,80/TCP,1\r\n'
    )
    expect(table.stdout).toBe(
      'window  window_start  vantage  port    packets\n' +
        'all     -             all      23/TCP        3\n' +
        'all     -             all      80/TCP        1\n'
    )
  })
})

test('counts read only the geo data that the question needs', async () => {
  const path = writeCapture(newFolder(), 'a.pcap', [syn(1, 23)])
  const missing = { STORMPETREL_ASN_DATABASE: join(newFolder(), 'missing.mmdb') }

  const byRegion = await stormpetrel(['counts', path, '--by', 'region'], missing)
  const byAsn = await stormpetrel(['counts', path, '--by', 'asn'], missing)

  expect([byRegion.exitCode, byRegion.stderr]).toEqual([0, ''])
  expect([byAsn.exitCode, byAsn.stdout]).toEqual([1, ''])
})

describe('counts of the live store', () => {
  test('end with exit 1 and one line where Redis is not there', async () => {
    const { exitCode, stdout, stderr } = await stormpetrel(['counts'], {
      STORMPETREL_REDIS_URL: 'redis://127.0.0.1:1'
    })

    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^stormpetrel: .*127\.0\.0\.1:1.*\n$/)
  })
})
