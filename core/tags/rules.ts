// The one table of tag rules: what each tag means, who says so, and which bit it is. tag-columns.ts applies
// them, docs/tags.md is generated from here, and test/data/vectors holds packets for each.
import { KNOWN_SCANNERS_DATE, KNOWN_SCANNERS_SOURCE } from './known-scanners.ts'
import { SPECIAL_PURPOSE_REGISTRY_DATE } from './special-purpose.ts'

/** Version of the rules, on every enriched batch. Rises when any rule changes its answer for any packet. */
export const TAG_RULES_VERSION = '2'

/** The tags, by the ids that appear in rows and records. */
export type TagId =
  | 'mirai'
  | 'zmap'
  | 'masscan'
  | 'backscatter'
  | 'bogon-source'
  | 'same-src-dst'
  | 'port-0'
  | 'fragment'
  | 'ttl-200'
  | 'tcp-no-options'
  | 'tcp-window-1024'
  | 'scan'
  | 'known-scanner'

/** One rule. A packet that lacks a field which a rule needs does not have the tag. */
export interface TagRule {
  readonly id: TagId
  /** The rule's bit in PacketColumns.tags is 1 << bit; bits are never given anew. */
  readonly bit: number
  readonly name: string
  /** The exact rule, in fields of the outermost IP header and the transport header after it. */
  readonly rule: string
  /** Who found or defines it. */
  readonly source: string
  /** False where the rule needs payload, which a header-only sensor cannot see. */
  readonly headersSuffice: boolean
}

/** Every rule there is, each at the place of its bit. */
export const TAG_RULES: readonly TagRule[] = [
  {
    id: 'mirai',
    bit: 0,
    name: 'Mirai-type scan',
    rule:
      'IPv4 TCP, SYN set, ACK clear, sequence number = the IPv4 address that the scanner aimed at: the ' +
      'destination, or, for a sensor behind NAT, its public address. Read at TCP bytes 4-7, even where ' +
      'the data offset lies. A SYN of anyone else passes by chance once in 2^32.',
    source:
      'Mirai source code, mirai/bot/scanner.c; Antonakakis et al., Understanding the Mirai Botnet, USENIX' +
      ' Security 2017',
    headersSuffice: true
  },
  {
    id: 'zmap',
    bit: 1,
    name: 'ZMap probe',
    rule: 'IPv4 identification = 54321. One packet in 65,536 passes by chance: judge a source by several.',
    source:
      'ZMap source code, src/probe_modules/packet.c; Durumeric et al., An Internet-Wide View of ' +
      'Internet-Wide Scanning, USENIX Security 2014',
    headersSuffice: true
  },
  {
    id: 'masscan',
    bit: 2,
    name: 'masscan probe',
    rule:
      'IPv4 TCP, SYN set, ACK clear, identification = low 16 bits of (address aimed at XOR destination ' +
      'port XOR sequence number), the address as for mirai. One SYN in 65,536 passes by chance.',
    source: 'masscan source code, src/templ-pkt.c (ip_id = ip_them ^ port_them ^ seqno)',
    headersSuffice: true
  },
  {
    id: 'backscatter',
    bit: 3,
    name: 'Backscatter',
    rule:
      'An answer to a packet that was never sent from here: TCP with RST, or with SYN and ACK; ICMP type ' +
      '0, 3, 4, 5, 11, 12, 14, 16, 18 or 43; ICMPv6 type 1, 2, 3, 4, 129, 140 or 161; UDP from port 53.',
    source:
      'Moore et al., Inferring Internet Denial-of-Service Activity, USENIX Security 2001; replies and ' +
      'errors by RFC 792, RFC 950, RFC 1122 section 3.2.2, RFC 4443, RFC 4620, RFC 8335',
    headersSuffice: true
  },
  {
    id: 'bogon-source',
    bit: 4,
    name: 'Bogon source',
    rule:
      'The source lies in a block of the IANA special-purpose address registries that is not globally ' +
      'reachable (the longest block that says so or not decides), or is multicast. The blocks are listed ' +
      'below.',
    source:
      `IANA IPv4 and IPv6 Special-Purpose Address Registries of ${SPECIAL_PURPOSE_REGISTRY_DATE}; ` +
      'RFC 6890, RFC 8190',
    headersSuffice: true
  },
  {
    id: 'same-src-dst',
    bit: 5,
    name: 'Source is destination',
    rule: 'Source address = destination address, on the wire or, for a sensor behind NAT, its public address.',
    source: 'CERT Advisory CA-1997-28 (Land)',
    headersSuffice: true
  },
  {
    id: 'port-0',
    bit: 6,
    name: 'Port 0',
    rule: 'TCP or UDP, source or destination port = 0.',
    source: 'RFC 6335 section 6 (port 0 is reserved)',
    headersSuffice: true
  },
  {
    id: 'fragment',
    bit: 7,
    name: 'Fragment',
    rule:
      'More-fragments flag set or fragment offset over 0, in the IPv4 header or an IPv6 fragment header. ' +
      'An IPv6 atomic fragment (neither) is none.',
    source: 'RFC 791 section 3.1, RFC 8200 section 4.5, RFC 6946',
    headersSuffice: true
  },
  {
    id: 'ttl-200',
    bit: 8,
    name: 'TTL of 200 or more',
    rule:
      'IPv4 time to live or IPv6 hop limit >= 200. Common systems start at 64 or 128; stateless ' +
      'scanners at 255.',
    source:
      'Hiesgen et al., Spoki, USENIX Security 2022 (irregular SYNs); the spoofed-source filter of CAIDA ' +
      'corsaro',
    headersSuffice: true
  },
  {
    id: 'tcp-no-options',
    bit: 9,
    name: 'SYN without TCP options',
    rule: 'TCP, SYN set, ACK clear, data offset = 5.',
    source: 'Hiesgen et al., Spoki, USENIX Security 2022 (irregular SYNs)',
    headersSuffice: true
  },
  {
    id: 'tcp-window-1024',
    bit: 10,
    name: 'TCP window 1024',
    rule: 'TCP window field = 1024, whatever the flags.',
    source: 'Default of the probes of Nmap (tcpip.cc) and masscan (src/templ-pkt.c)',
    headersSuffice: true
  },
  {
    id: 'scan',
    bit: 11,
    name: 'Scan',
    rule:
      'TCP with SYN set and FIN, RST, PSH, ACK and URG clear (ECE, CWR and reserved bits may be either); ' +
      'UDP with a source port other than 53; ICMP type 8, 13, 15, 17 or 42; ICMPv6 type 128, 139 or 160.',
    source:
      'Requests by RFC 9293, RFC 792, RFC 950, RFC 4443, RFC 4620, RFC 8335; the rest of them is backscatter',
    headersSuffice: true
  },
  {
    id: 'known-scanner',
    bit: 12,
    name: 'Known scanner',
    rule:
      'The source lies in a network of those who scan the whole Internet for research or as a service, and say so. The ' +
      'networks are listed below. A network changes hands: judge old packets by old lists.',
    source: `${KNOWN_SCANNERS_SOURCE} of ${KNOWN_SCANNERS_DATE}, CC0 1.0`,
    headersSuffice: true
  }
]

/** The bit mask of each tag in PacketColumns.tags. */
export const TAG_BITS: Readonly<Record<TagId, number>> = Object.fromEntries(
  TAG_RULES.map(({ id, bit }) => [id, 1 << bit])
) as Record<TagId, number>

const ID_BY_BIT: ReadonlyMap<number, TagId> = new Map(TAG_RULES.map(({ bit, id }) => [bit, id]))

/** The tag of a bit; null where no rule has it. */
export function tagOfBit(bit: number): TagId | null {
  return ID_BY_BIT.get(bit) ?? null
}

const ALL_TAGS = TAG_RULES.reduce((bits, { bit }) => bits | (1 << bit), 0)

const ids = new Map<number, readonly TagId[]>()

/**
 * The tags of a packet in the table's order; unknown bits are left out. The list is shared: equal bits give
 * the same one.
 */
export function tagIds(tags: number): readonly TagId[] {
  const bits = tags & ALL_TAGS
  const known = ids.get(bits)
  if (known !== undefined) return known
  const made = TAG_RULES.filter(({ bit }) => (bits & (1 << bit)) !== 0).map(({ id }) => id)
  ids.set(bits, made)
  return made
}

/** True where the text is the id of a rule. */
export function isTagId(text: string): text is TagId {
  return TAG_RULES.some(({ id }) => id === text)
}
