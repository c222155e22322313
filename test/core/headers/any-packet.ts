// Packets by chance: whole ones, and ones that look enough like IP to go deep into the decoder.
import * as fc from 'fast-check'
import { icmp, ipv4, ipv6, tcp, udp } from './build-packet.ts'

interface Transport {
  readonly protocol: number
  readonly bytes: number[]
}

interface Extension {
  readonly type: number
  bytes(next: number): number[]
}

const octets = (bytes: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(255), { minLength: bytes, maxLength: bytes })
const noOperations = (words: number): number[] => Array.from({ length: words * 4 }, () => 1)
const optionBytes = fc.nat(10).chain((words) => octets(words * 4))
const payload = fc.array(fc.nat(255), { maxLength: 40 })
const port = fc.nat(65535)
const ports = { srcPort: port, dstPort: port }
const u32 = fc.nat(0xffffffff)
const quad = octets(4).map((bytes) => bytes.join('.'))

const wholeTransport: fc.Arbitrary<Transport> = fc.oneof(
  fc
    .record({ ...ports, seq: u32, flags: fc.nat(4095), window: port, words: fc.nat(10), payload })
    .map(({ words, payload, ...fields }) => ({
      protocol: 6,
      bytes: tcp({ ...fields, options: noOperations(words) }, payload)
    })),
  fc.tuple(port, port, payload).map(([from, to, bytes]) => ({ protocol: 17, bytes: udp(from, to, bytes) })),
  payload.map((bytes) => ({ protocol: 47, bytes }))
)

const icmpOfVersion = (protocol: 1 | 58): fc.Arbitrary<Transport> =>
  fc.tuple(fc.nat(255), fc.nat(255), payload).map(([type, code, bytes]) => ({
    protocol,
    bytes: icmp(type, code, [0, 1, 0, 1, ...bytes])
  }))

const brokenTransport: fc.Arbitrary<Transport> = fc.oneof(
  fc
    .record({ options: optionBytes, dataOffset: fc.nat(15), flags: fc.nat(4095), payload })
    .map(({ payload, ...fields }) => ({ protocol: 6, bytes: tcp(fields, payload) })),
  fc.record({ options: optionBytes, payload }).map(({ options, payload }) => ({
    protocol: 6,
    bytes: tcp({ options }, payload)
  })),
  payload.map((bytes) => ({ protocol: 17, bytes: udp(1, 53, bytes) })),
  payload.map((bytes) => ({ protocol: 1, bytes: icmp(8, 0, bytes) })),
  payload.map((bytes) => ({ protocol: 58, bytes: icmp(128, 0, bytes) })),
  payload.map((bytes) => ({ protocol: 47, bytes }))
)

/** Padding only (PadN): its contents say nothing. */
const paddedExtension: fc.Arbitrary<Extension> = fc.nat(2).map((units) => {
  const pad = Array.from({ length: 4 + units * 8 }, () => 0)
  return { type: 60, bytes: (next) => [next, units, 1, pad.length, ...pad] }
})

const fragmentHeader = (word: number): Extension => ({
  type: 44,
  bytes: (next) => [next, 0, word >> 8, word & 0xff, 0, 0, 0, 1]
})

const authenticationHeader: Extension = {
  type: 51,
  bytes: (next) => [next, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]
}

const anyExtension: fc.Arbitrary<Extension> = fc.oneof(
  fc
    .constantFrom(0, 43, 60, 135, 139, 140)
    .chain((type) =>
      fc
        .nat(2)
        .chain((units) =>
          octets(6 + units * 8).map((rest) => ({ type, bytes: (next: number) => [next, units, ...rest] }))
        )
    ),
  fc.constantFrom(0, 1, 8, 0x5c9).map(fragmentHeader),
  fc.constant(authenticationHeader)
)

const wholeExtension: fc.Arbitrary<Extension> = fc.oneof(
  paddedExtension,
  fc.constantFrom(fragmentHeader(0), fragmentHeader(1), fragmentHeader(8), authenticationHeader)
)

const anyFragment = fc.constantFrom(0, 0, 0x4000, 0x2000, 1, 0x20b9)

const wholeIpv4 = fc
  .record({
    transport: fc.oneof(wholeTransport, icmpOfVersion(1)),
    words: fc.nat(10),
    fragment: anyFragment,
    src: quad,
    dst: quad,
    id: port,
    ttl: fc.nat(255)
  })
  .map(({ transport, words, ...fields }) =>
    ipv4({ ...fields, protocol: transport.protocol, options: noOperations(words) }, transport.bytes)
  )

const brokenIpv4 = fc
  .record({ transport: brokenTransport, options: optionBytes, fragment: anyFragment })
  .map(({ transport, ...fields }) => ipv4({ ...fields, protocol: transport.protocol }, transport.bytes))

const ipv6Of = (
  transports: fc.Arbitrary<Transport>,
  extensions: fc.Arbitrary<Extension>
): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      transport: transports,
      extensions: fc.array(extensions, { maxLength: 4 }),
      hopLimit: fc.nat(255),
      src: octets(16),
      dst: octets(16)
    })
    .map(({ transport, extensions, ...fields }) => {
      const nextOf = (i: number): number => extensions[i]?.type ?? transport.protocol
      const chain = extensions.flatMap((extension, i) => extension.bytes(nextOf(i + 1)))
      return ipv6({ ...fields, next: nextOf(0) }, [...chain, ...transport.bytes])
    })

/** Packets in which nothing lies: every length and offset is what it says. */
export const wholeIp: fc.Arbitrary<Uint8Array> = fc.oneof(
  wholeIpv4,
  ipv6Of(fc.oneof(wholeTransport, icmpOfVersion(58)), wholeExtension)
)

/** IPv4 and IPv6 packets, most with some bytes changed, cut short, or with bytes behind. */
export const looksLikeIp: fc.Arbitrary<Uint8Array> = fc
  .record({
    packet: fc.oneof(brokenIpv4, ipv6Of(brokenTransport, anyExtension)),
    changes: fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { maxLength: 2 }),
    cutTo: fc.option(fc.nat(120), { nil: undefined, freq: 2 }),
    behind: fc.array(fc.nat(255), { maxLength: 6 })
  })
  .map(({ packet, changes, cutTo, behind }) => {
    const bytes = Uint8Array.from([...packet, ...behind])
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
    return bytes.subarray(0, cutTo)
  })
