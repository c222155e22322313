import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { newFolder, noPacket, START, syn, writeCapture, writeDamaged } from './capture-files.ts'
import { parseLines, stormpetrel } from './collected-output.ts'

describe('tag', () => {
  const folder = newFolder()

  test('prints one record a frame, in order, with the file as it was named', async () => {
    const path = writeCapture(folder, 'three.pcap', [syn(1, 23), noPacket(), syn(2, 80)])

    const { exitCode, stdout, stderr } = await stormpetrel(['tag', path])
    const lines = parseLines(stdout)

    expect([exitCode, stderr]).toEqual([0, ''])
    expect(lines.map(({ file, frame, dst_port, rejected }) => [file, frame, dst_port, rejected])).toEqual([
      [path, 1, 23, null],
      [path, 2, null, 'ip-version'],
      [path, 3, 80, null]
    ])
    expect(lines[0]).toMatchObject({
      timestamp: '2022-05-10T14:50:00.250000000Z',
      src: '198.51.100.1',
      dst: '203.0.113.1',
      protocol: 6,
      src_port: 40_000,
      icmp_type: null,
      tcp_flags: 2,
      tcp_seq: 1,
      ttl: 64,
      ip_length: 40
    })
    expect(lines[0]!['tags']).toContain('scan')
  })

  test('takes the length on the wire where the header says 0, as tshark does', async () => {
    const data = Buffer.from(syn(1, 23).data)
    data.writeUInt16BE(0, 2)
    const path = writeCapture(folder, 'segmented.pcap', [{ data, lengths: [40, 4136] }, syn(2, 23)])

    const { stdout } = await stormpetrel(['tag', path])

    expect(parseLines(stdout).map(({ ip_length }) => ip_length)).toEqual([4136, 40])
  })

  test('prints a damaged file up to its damage, then one line with file, offset and reason, exit 1', async () => {
    const whole = writeCapture(folder, 'whole.pcap', [syn(9, 22)])
    const damaged = writeDamaged(folder, 'damaged.pcap', [syn(1, 23), syn(2, 23), syn(3, 23)])

    const { exitCode, stdout, stderr } = await stormpetrel(['tag', damaged, whole])

    expect(exitCode).toBe(1)
    expect(parseLines(stdout).map(({ file, frame }) => [file, frame])).toEqual([
      [damaged, 1],
      [damaged, 2],
      [whole, 1]
    ])
    expect(stderr).toMatch(/^stormpetrel: .*damaged\.pcap: .*byte \d+.*\n$/)
  })

  test('names a file that is not there or is no capture, exit 1', async () => {
    const missing = await stormpetrel(['tag', join(folder, 'missing.pcap')])
    const noCapture = await stormpetrel(['tag', __filename])

    expect([missing.exitCode, noCapture.exitCode]).toEqual([1, 1])
    expect(missing.stderr).toMatch(/^stormpetrel: .*missing\.pcap.*\n$/)
    expect(noCapture.stderr).toMatch(/^stormpetrel: .*tag\.test\.ts.*\n$/)
  })

  test('is a table on a terminal, in which a broken file name is harmless', async () => {
    const path = writeCapture(folder, 'bell\u0007.pcap', [syn(1, 23)])

    const { stdout } = await stormpetrel(['tag', path], {}, true)

    expect(stdout.split('\n')[0]).toMatch(/^file +frame +timestamp/)
    expect(stdout).not.toContain('\u0007')
  })

  test('prints the batches of a long capture in order of frames', async () => {
    const records = Array.from({ length: 9000 }, (_, i) =>
      i % 10 === 3 ? noPacket(START) : syn(i % 250, 23)
    )
    const path = writeCapture(folder, 'long.pcap', records)

    const { stdout } = await stormpetrel(['tag', path])

    expect(parseLines(stdout).map(({ frame }) => frame)).toEqual(records.map((_, i) => i + 1))
  })

  test('takes a sensor only as sensors.yaml declares it', async () => {
    const path = writeCapture(folder, 'sensor.pcap', [syn(1, 23)])

    const { exitCode, stderr } = await stormpetrel(['tag', '--sensor', 'tokyo-1', path])

    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^stormpetrel: sensor tokyo-1 is not declared.*\n$/)
  })
})
