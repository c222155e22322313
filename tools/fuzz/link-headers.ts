// A link header of every kind that is decoded, as bytes before an IP packet: no capture at hand has all of them.
import { LINK_TYPE } from '../../core/capture/link-types.ts'

/** A link type, and the header before an IPv4 and before an IPv6 packet. */
export interface LinkHeader {
  readonly linkType: number
  readonly before: { readonly 4: Uint8Array; readonly 6: Uint8Array }
}

const MAC = '020000000001 020000000002'
const WIFI = `8802 0000 ${'020000000003'.repeat(3)} 1000 0000 aaaa03 000000`
const RADIOTAP = '0000 1200 2e480000 00 02 6c09 a000 d800 0000'

/** Link type, then the header's digits; E stands for the EtherType, P for the PPP protocol number. */
const HEADERS: readonly (readonly [number, string])[] = [
  [LINK_TYPE.ETHERNET, `${MAC} E`],
  [LINK_TYPE.ETHERNET, `${MAC} 8100 0064 E`],
  [LINK_TYPE.ETHERNET, `${MAC} 88a8 0064 9100 0065 8100 0066 E`],
  [LINK_TYPE.ETHERNET, `${MAC} 8847 0001 0040 0002 0140`],
  [LINK_TYPE.ETHERNET, `${MAC} 8848 0002 0140`],
  [LINK_TYPE.ETHERNET, `${MAC} 8864 1100 0001 0030 P`],
  [LINK_TYPE.ETHERNET, `${MAC} 0040 aaaa03 000000 E`],
  [LINK_TYPE.ETHERNET, `${MAC} 0040 0606 03`],
  [LINK_TYPE.RAW, ''],
  [LINK_TYPE.RAW_DLT, ''],
  [LINK_TYPE.RAW_DLT_OPENBSD, ''],
  [LINK_TYPE.IPV4, ''],
  [LINK_TYPE.IPV6, ''],
  [LINK_TYPE.LINUX_SLL, '0000 0001 0006 0200000000010000 E'],
  [LINK_TYPE.LINUX_SLL, '0000 0001 0006 0200000000010000 0004 aaaa03 000000 E'],
  [LINK_TYPE.LINUX_SLL, `0000 0323 0006 0200000000010000 0000 ${RADIOTAP} ${WIFI} E`],
  [LINK_TYPE.LINUX_SLL2, 'E 0000 00000002 0001 04 06 0200000000010000'],
  [LINK_TYPE.PPP, 'ff03 P'],
  [LINK_TYPE.PPP, '0f00 E'],
  [LINK_TYPE.PPP_HDLC, 'P'],
  [LINK_TYPE.PPP_HDLC, 'ff03 0281 0001 0140'],
  [LINK_TYPE.PPP_ETHER, '1100 0001 0030 P'],
  [LINK_TYPE.C_HDLC, '0f00 E'],
  [LINK_TYPE.IEEE802_11, `${WIFI} E`],
  [LINK_TYPE.IEEE802_11, `0802 0000 ${'020000000003'.repeat(3)} 1000 aaaa03 000000 E`],
  [LINK_TYPE.IEEE802_11_RADIOTAP, `${RADIOTAP} ${WIFI} E`],
  [LINK_TYPE.IEEE802_11_RADIOTAP, `0000 0c00 02000000 20 000000 ${WIFI.slice(0, -14)} 0000 aaaa03 000000 E`]
]

/** The headers whose bytes are not the same for both IP versions in more than an EtherType. */
const BY_VERSION: readonly LinkHeader[] = [
  { linkType: LINK_TYPE.NULL, before: { 4: hex('02000000'), 6: hex('1e000000') } },
  { linkType: LINK_TYPE.NULL, before: { 4: hex('00000002'), 6: hex('0000000a') } },
  { linkType: LINK_TYPE.LOOP, before: { 4: hex('00000002'), 6: hex('0000001c') } },
  {
    linkType: LINK_TYPE.NFLOG,
    before: { 4: hex('02000000 08000100 00000000 30000900'), 6: hex('0a000000 08000100 00000000 30000900') }
  },
  { linkType: LINK_TYPE.NFLOG, before: { 4: hex('02000000 00300009'), 6: hex('0a000000 00300009') } }
]

/** All of them. */
export const LINK_HEADERS: readonly LinkHeader[] = [
  ...HEADERS.map(([linkType, digits]) => ({
    linkType,
    before: {
      4: hex(digits.replaceAll('E', '0800').replaceAll('P', '0021')),
      6: hex(digits.replaceAll('E', '86dd').replaceAll('P', '0057'))
    }
  })),
  ...BY_VERSION
]

/** The link types that are decoded, each once, and two that are not. */
export const LINK_TYPES: readonly number[] = [...new Set([...Object.values(LINK_TYPE), 147, 65_535])]

function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'))
}
