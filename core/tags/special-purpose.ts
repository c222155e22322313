// The special-purpose address blocks: most of them are no true source of a packet on the public Internet.

/**
 * One block of the registries. Where blocks lie in one another, the longest that says true or false decides.
 */
export interface SpecialPurposeBlock {
  readonly prefix: string
  readonly name: string
  readonly source: string
  /**
   * "Globally Reachable" of the registry; where it is 'n/a' the larger block decides, and without one it is
   * no bogon.
   */
  readonly isGloballyReachable: boolean | 'n/a'
}

/** Date of the registries that the tables below were made from. */
export const SPECIAL_PURPOSE_REGISTRY_DATE = '2025-10-09'

const block = (
  prefix: string,
  name: string,
  source: string,
  isGloballyReachable: boolean | 'n/a' = false
): SpecialPurposeBlock => ({ prefix, name, source, isGloballyReachable })

/**
 * IANA IPv4 Special-Purpose Address Registry (https://www.iana.org/assignments/iana-ipv4-special-registry),
 * and multicast, which is no source address either.
 */
const IPV4_BLOCKS: readonly SpecialPurposeBlock[] = [
  block('0.0.0.0/8', 'This network', 'RFC 791 section 3.2'),
  block('0.0.0.0/32', 'This host on this network', 'RFC 1122 section 3.2.1.3'),
  block('10.0.0.0/8', 'Private use', 'RFC 1918'),
  block('100.64.0.0/10', 'Shared address space', 'RFC 6598'),
  block('127.0.0.0/8', 'Loopback', 'RFC 1122 section 3.2.1.3'),
  block('169.254.0.0/16', 'Link local', 'RFC 3927'),
  block('172.16.0.0/12', 'Private use', 'RFC 1918'),
  block('192.0.0.0/24', 'IETF protocol assignments', 'RFC 6890 section 2.1'),
  block('192.0.0.0/29', 'IPv4 service continuity prefix', 'RFC 7335'),
  block('192.0.0.8/32', 'IPv4 dummy address', 'RFC 7600'),
  block('192.0.0.9/32', 'Port Control Protocol anycast', 'RFC 7723', true),
  block('192.0.0.10/32', 'Traversal Using Relays around NAT anycast', 'RFC 8155', true),
  block('192.0.0.170/32', 'NAT64/DNS64 discovery', 'RFC 8880, RFC 7050 section 2.2'),
  block('192.0.0.171/32', 'NAT64/DNS64 discovery', 'RFC 8880, RFC 7050 section 2.2'),
  block('192.0.2.0/24', 'Documentation (TEST-NET-1)', 'RFC 5737'),
  block('192.31.196.0/24', 'AS112-v4', 'RFC 7535', true),
  block('192.52.193.0/24', 'AMT', 'RFC 7450', true),
  block('192.88.99.0/24', 'Deprecated (6to4 relay anycast)', 'RFC 7526', 'n/a'),
  block('192.88.99.2/32', '6a44 relay anycast', 'RFC 6751'),
  block('192.168.0.0/16', 'Private use', 'RFC 1918'),
  block('192.175.48.0/24', 'Direct delegation AS112 service', 'RFC 7534', true),
  block('198.18.0.0/15', 'Benchmarking', 'RFC 2544'),
  block('198.51.100.0/24', 'Documentation (TEST-NET-2)', 'RFC 5737'),
  block('203.0.113.0/24', 'Documentation (TEST-NET-3)', 'RFC 5737'),
  block('224.0.0.0/4', 'Multicast', 'RFC 5771; RFC 1122 section 3.2.1.3'),
  block('240.0.0.0/4', 'Reserved', 'RFC 1112 section 4'),
  block('255.255.255.255/32', 'Limited broadcast', 'RFC 8190, RFC 919 section 7')
]

/**
 * IANA IPv6 Special-Purpose Address Registry (https://www.iana.org/assignments/iana-ipv6-special-registry),
 * and multicast, which is no source address either.
 */
const IPV6_BLOCKS: readonly SpecialPurposeBlock[] = [
  block('::1/128', 'Loopback', 'RFC 4291'),
  block('::/128', 'Unspecified', 'RFC 4291'),
  block('::ffff:0:0/96', 'IPv4-mapped', 'RFC 4291'),
  block('64:ff9b::/96', 'IPv4-IPv6 translation', 'RFC 6052', true),
  block('64:ff9b:1::/48', 'IPv4-IPv6 translation, local use', 'RFC 8215'),
  block('100::/64', 'Discard only', 'RFC 6666'),
  block('100:0:0:1::/64', 'Dummy prefix', 'RFC 9780'),
  block('2001::/23', 'IETF protocol assignments', 'RFC 2928'),
  block('2001::/32', 'Teredo', 'RFC 4380, RFC 8190', 'n/a'),
  block('2001:1::1/128', 'Port Control Protocol anycast', 'RFC 7723', true),
  block('2001:1::2/128', 'Traversal Using Relays around NAT anycast', 'RFC 8155', true),
  block('2001:1::3/128', 'DNS-SD Service Registration Protocol anycast', 'RFC 9665', true),
  block('2001:2::/48', 'Benchmarking', 'RFC 5180'),
  block('2001:3::/32', 'AMT', 'RFC 7450', true),
  block('2001:4:112::/48', 'AS112-v6', 'RFC 7535', true),
  block('2001:10::/28', 'Deprecated (ORCHID)', 'RFC 4843', 'n/a'),
  block('2001:20::/28', 'ORCHIDv2', 'RFC 7343', true),
  block('2001:30::/28', 'Drone Remote ID entity tags', 'RFC 9374', true),
  block('2001:db8::/32', 'Documentation', 'RFC 3849'),
  block('2002::/16', '6to4', 'RFC 3056', 'n/a'),
  block('2620:4f:8000::/48', 'Direct delegation AS112 service', 'RFC 7534', true),
  block('3fff::/20', 'Documentation', 'RFC 9637'),
  block('5f00::/16', 'Segment routing (SRv6) SIDs', 'RFC 9602'),
  block('fc00::/7', 'Unique local', 'RFC 4193, RFC 8190'),
  block('fe80::/10', 'Link-local unicast', 'RFC 4291'),
  block('ff00::/8', 'Multicast', 'RFC 4291 section 2.7')
]

/** Both registries; the rule `bogon-source` and its documentation are made from them. */
export const SPECIAL_PURPOSE_BLOCKS: readonly SpecialPurposeBlock[] = [...IPV4_BLOCKS, ...IPV6_BLOCKS]
