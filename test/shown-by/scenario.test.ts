// What the scenario tsubame-2022q2 is made of, measured in its captures by a reader of a few lines that shares nothing with the
// product: the shares of Mirai-type packets by port, and how few sources send nearly all of the packets.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { PROGRAM } from './oracle/program.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-scenario-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const packetsBySource = new Map<number, number>()
const packetsByPort = new Map<number, number>()
const miraiByPort = new Map<number, number>()

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function miraiShare(port: number): number {
  return (miraiByPort.get(port) ?? 0) / packetsByPort.get(port)!
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, each) => total + each, 0)
}

/** Counts the packets of a pcap file of raw IP (link type 101), little-endian, as `synth` writes them. */
function countCapture(file: string): void {
  const bytes = readFileSync(file)
  expect(bytes.readUInt32LE(20)).toBe(101)
  let at = 24
  while (at < bytes.length) {
    const ip = at + 16
    count(packetsBySource, bytes.readUInt32BE(ip + 12))
    if (bytes[ip + 9] === 6) {
      const tcp = ip + (bytes[ip]! & 15) * 4
      const port = bytes.readUInt16BE(tcp + 2)
      const isSyn = bytes[tcp + 13] === 2
      count(packetsByPort, port)
      if (isSyn && bytes.readUInt32BE(tcp + 4) === bytes.readUInt32BE(ip + 16)) count(miraiByPort, port)
    }
    at += 16 + bytes.readUInt32LE(at + 8)
  }
}

beforeAll(() => {
  const asked = ['--scenario', 'tsubame-2022q2', '--packets-per-day', '200000']
  const captures = path.join(folder, 'captures')
  // Half a quarter: a source of one packet is there for a day, so that the share of the few grows with the days.
  const days = ['--from', '2022-04-16', '--to', '2022-06-01']
  execFileSync(process.execPath, [PROGRAM, 'synth', ...asked, ...days, '--out', captures], {
    stdio: 'ignore'
  })
  for (const sensor of readdirSync(captures).filter((name) => name.startsWith('jp-'))) {
    for (const name of readdirSync(path.join(captures, sensor)))
      countCapture(path.join(captures, sensor, name))
  }
  rmSync(captures, { recursive: true })
}, 180_000)

test('Mirai-type packets are the share of a port that the reference says', () => {
  // Shares of the quarter; those of its middle are near them.
  expect(Math.abs(miraiShare(23) - 0.9434)).toBeLessThan(0.02)
  expect(Math.abs(miraiShare(2323) - 0.8425)).toBeLessThan(0.04)
  expect(Math.abs(miraiShare(22) - 0.3575)).toBeLessThan(0.05)
  expect(miraiShare(5501)).toBeGreaterThan(0.999)
  expect(miraiShare(37215)).toBeGreaterThan(0.999)
})

test('one in a hundred sources sends 97 in a hundred packets', () => {
  const packets = [...packetsBySource.values()].sort((a, b) => b - a)
  expect(packets.length).toBeGreaterThan(100_000)
  const share = sum(packets.slice(0, packets.length / 100)) / sum(packets)
  expect(share).toBeGreaterThan(0.955)
  expect(share).toBeLessThan(0.98)
})
