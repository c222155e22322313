// docs/tags.md, from the table of rules and the special-purpose blocks.
import { parsePrefix, prefixAddresses } from '../../core/headers/prefix.ts'
import { TAG_RULES, TAG_RULES_VERSION } from '../../core/tags/rules.ts'
import {
  KNOWN_SCANNERS,
  KNOWN_SCANNERS_DATE,
  KNOWN_SCANNERS_SOURCE,
  type KnownScanner
} from '../../core/tags/known-scanners.ts'
import {
  SPECIAL_PURPOSE_BLOCKS,
  SPECIAL_PURPOSE_REGISTRY_DATE,
  type SpecialPurposeBlock
} from '../../core/tags/special-purpose.ts'
import { code, document, GENERATED, table } from './markdown.ts'

/** The whole of docs/tags.md. */
export function tagsDocument(): string {
  return document(
    '# Tags',
    GENERATED,
    `Every packet gets the tags whose rule it passes, by the rules of version ${TAG_RULES_VERSION} ` +
      '(core/tags/rules.ts). A rule that needs a field which the packet has not (cut off, in a later ' +
      'fragment, of another protocol) is not passed. In packets.enriched the tags of a packet are one ' +
      'number, of which each tag is a bit. Packets for each rule, of use to anyone who writes the same ' +
      'rules elsewhere, are in [test/data/vectors](../test/data/vectors/README.md).',
    table(
      ['tag', 'bit', 'name', 'rule', 'source', 'headers suffice'],
      TAG_RULES.map((rule) => [
        code(rule.id),
        `${rule.bit}`,
        rule.name,
        rule.rule,
        rule.source,
        rule.headersSuffice ? 'yes' : 'no'
      ])
    ),
    '## Blocks of `bogon-source`',
    `From the IANA registries of ${SPECIAL_PURPOSE_REGISTRY_DATE}, and multicast. Where blocks lie in ` +
      'one another, the longest that says yes or no decides; where the registry says neither (n/a), the ' +
      'block says nothing.',
    table(
      ['block', 'name', 'source', 'bogon'],
      SPECIAL_PURPOSE_BLOCKS.map((block) => [code(block.prefix), block.name, block.source, bogon(block)])
    ),
    '## Networks of `known-scanner`',
    `From ${KNOWN_SCANNERS_SOURCE} of ${KNOWN_SCANNERS_DATE} (CC0 1.0). The networks themselves are in ` +
      'core/tags/known-scanners.ts. The surge detector leaves their packets and sources out of what it judges.',
    table(
      ['scanner', 'networks', 'IPv4 addresses', 'lists'],
      KNOWN_SCANNERS.map((scanner) => [
        scanner.name,
        `${scanner.prefixes.length}`,
        `${ipv4Addresses(scanner)}`,
        scanner.lists.map(code).join(', ')
      ])
    )
  )
}

function ipv4Addresses({ prefixes }: KnownScanner): number {
  return prefixes
    .map((text) => parsePrefix(text)!)
    .filter(({ version }) => version === 4)
    .reduce((sum, prefix) => sum + prefixAddresses(prefix), 0)
}

function bogon(block: SpecialPurposeBlock): string {
  if (block.isGloballyReachable === 'n/a') return 'n/a'
  return block.isGloballyReachable ? 'no' : 'yes'
}
