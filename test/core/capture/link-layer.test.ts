import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { isDecodableLinkType, linkTypeName, locateIp } from '../../../core/capture/link-layer.ts'
import { MAX_CAPTURED_BYTES } from '../../../core/capture/pcap.ts'
import { FRAME_REJECT_REASONS } from '../../../core/packets/reject-reason.ts'
import { PcapngBlocks } from './capture-builder.ts'

const NULL = 0
const ETHERNET = 1
const PPP = 9
const PPP_HDLC = 50
const PPP_ETHER = 51
const C_HDLC = 104
const IEEE802_11 = 105
const LOOP = 108
const SLL = 113
const RADIOTAP = 127
const NFLOG = 239
const SLL2 = 276

/** 10.1.2.3 to 203.0.113.9, UDP 5000 to 53, no data. */
const IPV4 = '4500001c00010000401100000a010203cb00710913880035000800 00'.replace(/ /g, '')
/** 2001:db8::1 to 2001:db8::2, UDP 5000 to 53, no data. */
const IPV6 =
  '600000000008114020010db8000000000000000000000001 20010db8000000000000000000000002 1388003500080000'.replace(
    / /g,
    ''
  )

const MACS = '0200000000010200000000 02'.replace(' ', '')
const WIFI_ADDRESSES = `${'02'.repeat(6)}${'04'.repeat(6)}${'06'.repeat(6)}`
const SNAP = 'aaaa03000000'

type Vector = readonly [string, number, string, string]

/** What is before the packet, and the packet that must be found. */
const FOUND: readonly Vector[] = [
  ['Ethernet', ETHERNET, `${MACS}0800`, IPV4],
  ['Ethernet', ETHERNET, `${MACS}86dd`, IPV6],
  ['Ethernet with an 802.1Q tag', ETHERNET, `${MACS}8100 0064 0800`, IPV4],
  ['Ethernet with 802.1ad and 802.1Q tags', ETHERNET, `${MACS}88a8 0064 8100 0065 86dd`, IPV6],
  [
    'Ethernet with old QinQ tags, four of them',
    ETHERNET,
    `${MACS}9100 0064 9100 0064 8100 0001 8100 0065 0800`,
    IPV4
  ],
  ['Ethernet with a VN-Tag and a tag', ETHERNET, `${MACS}8926 40050000 8100 0064 0800`, IPV4],
  ['Ethernet with a security group tag', ETHERNET, `${MACS}8909 0101 0001 0010 0800`, IPV4],
  ['Ethernet with an E-TAG', ETHERNET, `${MACS}893f 000010010000 86dd`, IPV6],
  [
    'Ethernet with a tag and an I-TAG',
    ETHERNET,
    `${MACS}88a8 0064 88e7 00002710 ${MACS}8100 0065 0800`,
    IPV4
  ],
  ['Ethernet in FabricPath', ETHERNET, `${MACS}8903 0420 ${MACS}8100 0064 86dd`, IPV6],
  ['Ethernet with MACsec that does not encrypt', ETHERNET, `${MACS}88e5 00 00 00000001 0800`, IPV4],
  [
    'Ethernet with MACsec that names its channel',
    ETHERNET,
    `${MACS}88e5 20 00 00000001 0200000000010001 86dd`,
    IPV6
  ],
  ['Ethernet with a service chain', ETHERNET, `${MACS}894f 0fc2 02 01 00002a ff`, IPV4],
  [
    'Ethernet with a service chain and its context',
    ETHERNET,
    `${MACS}894f 0fc6 01 02 00002a ff ${'0'.repeat(32)}`,
    IPV6
  ],
  ['Ethernet in a service chain', ETHERNET, `${MACS}894f 0fc2 02 03 00002a ff ${MACS}0800`, IPV4],
  ['Ethernet with MPLS in a service chain', ETHERNET, `${MACS}894f 0fc2 02 05 00002a ff 00010140`, IPV4],
  ['Ethernet with one MPLS label', ETHERNET, `${MACS}8847 00010140`, IPV4],
  ['Ethernet with three MPLS labels', ETHERNET, `${MACS}8847 00010040 00011040 00012140`, IPV6],
  ['Ethernet with a tag and an MPLS label', ETHERNET, `${MACS}8100 0064 8847 00010140`, IPV4],
  ['Ethernet with PPPoE', ETHERNET, `${MACS}8864 1100 0001 001e 0021`, IPV4],
  ['Ethernet with PPPoE in a tag', ETHERNET, `${MACS}8100 0064 8864 1100 0001 0032 0057`, IPV6],
  ['Ethernet with PPPoE of an odd version and code', ETHERNET, `${MACS}8864 2107 0001 001e 0021`, IPV4],
  ['IEEE 802.3 with LLC and SNAP', ETHERNET, `${MACS}0024 ${SNAP}0800`, IPV4],
  ['IEEE 802.3 with LLC and SNAP in a tag', ETHERNET, `${MACS}8100 0064 0038 ${SNAP}86dd`, IPV6],
  ['raw IP', 101, '', IPV4],
  ['raw IP', 101, '', IPV6],
  ['raw IP as DLT 12', 12, '', IPV4],
  ['raw IP as DLT 14', 14, '', IPV6],
  ['IPV4', 228, '', IPV4],
  ['IPV6', 229, '', IPV6],
  ['NULL, little-endian', NULL, '02000000', IPV4],
  ['NULL, big-endian', NULL, '00000002', IPV4],
  ...[24, 28, 30].flatMap((family): Vector[] => [
    [`NULL of family ${family}, little-endian`, NULL, `${family.toString(16)}000000`, IPV6],
    [`NULL of family ${family}, big-endian`, NULL, `000000${family.toString(16)}`, IPV6]
  ]),
  ['NULL of a short family, little-endian', NULL, '00000200', IPV4],
  ['NULL of a short family, big-endian', NULL, '00020000', IPV4],
  ['NULL of a short family before other bytes', NULL, '02000200', IPV4],
  ['NULL with an EtherType, little-endian', NULL, 'dd860000', IPV6],
  ['NULL with an EtherType, big-endian', NULL, '00000800', IPV4],
  ['NULL with the header of Cisco HDLC', NULL, '0f000800', IPV4],
  ['NULL with PPP', NULL, 'ff03 0021', IPV4],
  ['LOOP', LOOP, '00000002', IPV4],
  ['LOOP', LOOP, '00000018', IPV6],
  ['Linux cooked', SLL, '0000 0001 0006 020000000001 0000 0800', IPV4],
  ['Linux cooked', SLL, '0000 0001 0006 020000000001 0000 86dd', IPV6],
  ['Linux cooked with a tag', SLL, '0000 0001 0006 020000000001 0000 8100 0064 0800', IPV4],
  ['Linux cooked with LLC', SLL, `0000 0001 0006 020000000001 0000 0004 ${SNAP}0800`, IPV4],
  ['Linux cooked 2', SLL2, '0800 0000 00000002 0001 00 06 0200000000010000', IPV4],
  ['Linux cooked 2', SLL2, '86dd 0000 00000002 0001 00 06 0200000000010000', IPV6],
  ['PPP', PPP, '0021', IPV4],
  ['PPP with address and control', PPP, 'ff03 0057', IPV6],
  ['PPP with a compressed protocol', PPP, '21', IPV4],
  ['PPP with another control byte', PPP, 'ff13 0021', IPV4],
  ['PPP with MPLS', PPP, 'ff03 0281 00010140', IPV4],
  ['PPP in HDLC-like framing', PPP_HDLC, 'ff03 0021', IPV4],
  ['Cisco HDLC as PPP_HDLC', PPP_HDLC, '0f00 0800', IPV4],
  ['PPP_ETHER', PPP_ETHER, '1100 0001 001e 0021', IPV4],
  ['Cisco HDLC', C_HDLC, '0f00 0800', IPV4],
  ['Cisco HDLC', C_HDLC, '8f00 86dd', IPV6],
  ['Netfilter log, little-endian', NFLOG, '0200 0001 0800 0100 08000100 0500 0a00 70000000 2000 0900', IPV4],
  ['Netfilter log, big-endian', NFLOG, '0a00 0001 0008 0001 08000100 0034 0009', IPV6],
  ['802.11 from the access point', IEEE802_11, `0802 0000 ${WIFI_ADDRESSES} 1000 ${SNAP}0800`, IPV4],
  ['802.11 with QoS', IEEE802_11, `8801 0000 ${WIFI_ADDRESSES} 1000 0000 ${SNAP}86dd`, IPV6],
  [
    '802.11 with four addresses',
    IEEE802_11,
    `0803 0000 ${WIFI_ADDRESSES} 1000 080808080808 ${SNAP}0800`,
    IPV4
  ],
  [
    '802.11 with QoS and HT control',
    IEEE802_11,
    `8881 0000 ${WIFI_ADDRESSES} 1000 0000 00000000 ${SNAP}0800`,
    IPV4
  ],
  [
    '802.11 aggregate',
    IEEE802_11,
    `8801 0000 ${WIFI_ADDRESSES} 1000 8000 020202020202 040404040404 0024 ${SNAP}0800`,
    IPV4
  ],
  [
    'radiotap without fields',
    RADIOTAP,
    `00000800 00000000 0801 0000 ${WIFI_ADDRESSES} 1000 ${SNAP}0800`,
    IPV4
  ],
  [
    'radiotap of another version',
    RADIOTAP,
    `01000800 00000000 0801 0000 ${WIFI_ADDRESSES} 1000 ${SNAP}0800`,
    IPV4
  ],
  [
    'radiotap with time, flags for padding, and QoS',
    RADIOTAP,
    `00001100 03000000 0102030405060708 20 8801 0000 ${WIFI_ADDRESSES} 1000 0000 0000 ${SNAP}0800`,
    IPV4
  ],
  [
    'radiotap with two words of presence',
    RADIOTAP,
    `00001200 03000080 00000000 00000000 0102 8801 0000 ${WIFI_ADDRESSES} 1000 0000 ${SNAP}0800`,
    IPV4
  ]
]

type Refusal = readonly [string, number, string, (typeof FRAME_REJECT_REASONS)[number]]

const REFUSED: readonly Refusal[] = [
  ['ARP', ETHERNET, `${MACS}0806 0001080006040001`, 'not-ip'],
  ['spanning tree', ETHERNET, `${MACS}0026 424203000000`, 'not-ip'],
  ['SNAP of another organisation', ETHERNET, `${MACS}0026 aaaa0300000c 0800 ${IPV4}`, 'not-ip'],
  ['a type between lengths and EtherTypes', ETHERNET, `${MACS}05ff ${SNAP}0800 ${IPV4}`, 'not-ip'],
  ['MPLS with no IP under it', ETHERNET, `${MACS}8847 00010140 00000000`, 'not-ip'],
  ['encrypted MACsec', ETHERNET, `${MACS}88e5 0c 00 00000001 0800 ${IPV4}`, 'not-ip'],
  ['a service chain of something else', ETHERNET, `${MACS}894f 0fc2 02 04 00002a ff ${IPV4}`, 'not-ip'],
  ['PPPoE discovery', ETHERNET, `${MACS}8863 1109 0000 0004 01010000`, 'not-ip'],
  ['PPPoE with LCP', ETHERNET, `${MACS}8864 1100 0001 0006 c021 0101`, 'not-ip'],
  ['NULL of another family', NULL, '07000000 00000000', 'not-ip'],
  ['NULL that is no family', NULL, '02000002 00000000', 'not-ip'],
  ['NULL with another EtherType', NULL, '00000806 00000000', 'not-ip'],
  ['NULL with a number between families and EtherTypes', NULL, '000005ff 00000000', 'not-ip'],
  ['cooked ARP', SLL, '0000 0001 0006 020000000001 0000 0806 0001', 'not-ip'],
  ['cooked netlink', SLL, '0004 0338 0000 0000000000000000 0800 4500', 'not-ip'],
  ['cooked 2 ARP', SLL2, '0806 0000 00000002 0001 00 06 0200000000010000 0001', 'not-ip'],
  ['PPP control', PPP, 'ff03 c021 01', 'not-ip'],
  ['Cisco SLARP', C_HDLC, '8f00 8035 00000000', 'not-ip'],
  ['Netfilter log of a bridge', NFLOG, '0700 0001 0800 0100 08000100', 'not-ip'],
  ['Netfilter log without a packet', NFLOG, '0200 0001 0800 0100 08000100', 'not-ip'],
  ['Netfilter log with a length of 0', NFLOG, '0200 0001 0000 0100 08000100', 'not-ip'],
  ['an 802.11 beacon', IEEE802_11, `8000 0000 ${WIFI_ADDRESSES} 1000 00`, 'not-ip'],
  ['an 802.11 frame without data', IEEE802_11, `4801 0000 ${WIFI_ADDRESSES} 1000`, 'not-ip'],
  ['an encrypted 802.11 frame', IEEE802_11, `0841 0000 ${WIFI_ADDRESSES} 1000 ${SNAP}0800 ${IPV4}`, 'not-ip'],
  [
    'an 802.11 frame of version 1',
    IEEE802_11,
    `0901 0000 ${WIFI_ADDRESSES} 1000 ${SNAP}0800 ${IPV4}`,
    'not-ip'
  ],
  ['a later 802.11 fragment', IEEE802_11, `0801 0000 ${WIFI_ADDRESSES} 1100 ${SNAP}0800 ${IPV4}`, 'not-ip'],
  ['a radiotap shorter than its fields', RADIOTAP, '00000700 00000000 0801', 'not-ip'],
  ['IPv6 announced as IPv4', ETHERNET, `${MACS}0800 ${IPV6}`, 'ip-version'],
  ['IPv4 announced as IPv6', ETHERNET, `${MACS}86dd ${IPV4}`, 'ip-version'],
  ['nonsense announced as IPv4', ETHERNET, `${MACS}0800 f5`, 'ip-version'],
  ['IPv6 of link type IPV4', 228, IPV6, 'ip-version'],
  ['IPv4 of link type IPV6', 229, IPV4, 'ip-version'],
  ['USB', 189, IPV4, 'link-type-unsupported']
]

const MARGIN = Buffer.from('08004500', 'hex')

/** Locates in a frame that lies between bytes which look like a packet; the answer counts from the frame's start. */
function locate(frame: Buffer, linkType: number): number {
  const bytes = Buffer.concat([MARGIN, frame, MARGIN])
  const answer = locateIp(bytes, MARGIN.length, MARGIN.length + frame.length, linkType)
  return answer < 0 ? answer : answer - MARGIN.length
}

function fromHex(hex: string): Buffer {
  return Buffer.from(hex.replace(/ /g, ''), 'hex')
}

describe('the IP packet of a frame', () => {
  test.each(FOUND)('is found behind %s (link type %d, %s)', (_, linkType, header, packet) => {
    const frame = fromHex(header + packet)

    expect(locate(frame, linkType)).toBe(fromHex(header).length)
  })

  test.each(REFUSED)('is not found in %s (link type %d)', (_, linkType, hex, reason) => {
    expect(locate(fromHex(hex), linkType)).toBe(-1 - FRAME_REJECT_REASONS.indexOf(reason))
  })

  test.each(FOUND)(
    'is never looked for past the end of a cut frame of %s (link type %d, %s)',
    (_, linkType, header) => {
      const whole = fromHex(header)
      const cutShort = -1 - FRAME_REJECT_REASONS.indexOf('link-header-cut-short')
      const notIp = -1 - FRAME_REJECT_REASONS.indexOf('not-ip')

      for (let length = 0; length < whole.length; length++) {
        // A Netfilter log cut between attributes is one without a packet.
        expect([cutShort, linkType === NFLOG ? notIp : cutShort]).toContain(
          locate(whole.subarray(0, length), linkType)
        )
      }
      expect([cutShort, whole.length]).toContain(locate(whole, linkType))
    }
  )

  test.each([
    ['tags', '8100 0064'],
    ['service chains', `894f 0fc2 02 03 00002a ff ${MACS}`],
    ['I-TAGs', `88e7 00000001 ${MACS}`],
    ['SNAP in tags', `8100 0064 0024 ${SNAP}`]
  ])('is found behind %s that fill the longest frame', (_, header) => {
    const layer = fromHex(header)
    const packet = fromHex(`0800 ${IPV4}`)
    const layers = Math.floor((MAX_CAPTURED_BYTES - MACS.length / 2 - packet.length) / layer.length)
    const link = [fromHex(MACS), ...Array.from({ length: layers }, () => layer)]
    const frame = Buffer.concat([...link, packet])

    expect(locate(frame, ETHERNET)).toBe(frame.length - IPV4.length / 2)
  })

  test('is where tshark finds it, but for what tshark guesses', () => {
    // tshark takes a packet of the version that was not announced, and the text of a later fragment, for what they
    // look like, and reads Netfilter logs in the byte order of the file only.
    const guessed = new Set(['ip-version', 'a later 802.11 fragment', 'Netfilter log, big-endian'])
    const vectors = [
      ...FOUND.map(([name, linkType, header, packet]) => ({
        names: [name],
        linkType,
        frame: fromHex(header + packet)
      })),
      ...REFUSED.map(([name, linkType, hex, reason]) => ({
        names: [name, reason],
        linkType,
        frame: fromHex(hex)
      }))
    ].filter(({ names }) => !names.some((name) => guessed.has(name)))
    const linkTypes = [...new Set(vectors.map(({ linkType }) => linkType))]
    const blocks = new PcapngBlocks()
    const capture = Buffer.concat([
      blocks.section(),
      ...linkTypes.map((linkType) => blocks.interface({ linkType })),
      ...vectors.map(({ linkType, frame }) => blocks.packet({ id: linkTypes.indexOf(linkType), data: frame }))
    ])

    const located = vectors.map(({ linkType, frame }) => {
      const at = locate(frame, linkType)
      if (at < 0) return '\t'
      return frame[at]! >> 4 === 4 ? '10.1.2.3\t' : '\t2001:db8::1'
    })

    expect(sourcesByTshark(capture)).toEqual(located)
  })
})

/** The first source address of each packet: IPv4, tab, IPv6. */
function sourcesByTshark(capture: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'link-layer-'))
  try {
    const file = join(folder, 'vectors.pcapng')
    writeFileSync(file, capture)
    const fields = ['-T', 'fields', '-E', 'occurrence=f', '-e', 'ip.src', '-e', 'ipv6.src']
    const report = execFileSync('tshark', ['-nr', file, ...fields], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    })
    return report.split('\n').slice(0, -1)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('a link type', () => {
  test('is decodable just where locateIp does not refuse it as unsupported', () => {
    const unsupported = -1 - FRAME_REJECT_REASONS.indexOf('link-type-unsupported')
    const frame = Buffer.alloc(100)

    for (let linkType = 0; linkType < 400; linkType++) {
      expect(locateIp(frame, 0, 100, linkType) !== unsupported).toBe(isDecodableLinkType(linkType))
    }
  })

  test('has a name', () => {
    const names = [0, 1, 9, 12, 13, 14, 50, 101, 105, 127, 189, 195, 228, 239, 249, 276, 290, 291]

    expect(names.map(linkTypeName).join(' ')).toBe(
      'NULL ETHERNET PPP RAW unknown RAW PPP_HDLC RAW IEEE802_11 IEEE802_11_RADIOTAP USB_LINUX ' +
        'IEEE802_15_4_WITHFCS IPV4 NFLOG USBPCAP LINUX_SLL2 ETW unknown'
    )
  })
})
