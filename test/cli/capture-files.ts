// Captures for tests of verbs, in a folder of their own.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pcap, type PcapRecord } from '../core/capture/capture-builder.ts'

/** A new folder. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'stormpetrel-cli-'))
}

/** 2022-05-10T14:50:00Z. */
export const START = 1652194200

/** A TCP SYN from 198.51.100.`source` to 203.0.113.1, sequence number 1, as an IPv4 packet. */
export function syn(source: number, port: number, seconds = START): PcapRecord {
  const data = Buffer.alloc(40)
  data.writeUInt32BE(0x45000028, 0)
  data.writeUInt32BE(0x40060000, 8)
  data.writeUInt32BE(0xc6336400 + source, 12)
  data.writeUInt32BE(0xcb007101, 16)
  data.writeUInt16BE(40_000, 20)
  data.writeUInt16BE(port, 22)
  data.writeUInt32BE(1, 24)
  data.writeUInt16BE(0x5002, 32)
  return { seconds, subSeconds: 250_000, data }
}

/** A frame of a raw IP link that holds neither IPv4 nor IPv6. */
export function noPacket(seconds = START): PcapRecord {
  return { seconds, data: Buffer.alloc(20, 0x11) }
}

/** Writes a capture of a raw IP link, and answers its path. */
export function writeCapture(folder: string, name: string, records: readonly PcapRecord[]): string {
  const path = join(folder, name)
  writeFileSync(path, pcap({ linkType: 101 }, records))
  return path
}

/** Cuts a file's last bytes off the given capture, in a new file. */
export function writeDamaged(folder: string, name: string, records: readonly PcapRecord[]): string {
  const path = join(folder, name)
  writeFileSync(path, pcap({ linkType: 101 }, records).subarray(0, -10))
  return path
}
