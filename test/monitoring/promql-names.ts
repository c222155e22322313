// Which metrics a PromQL expression reads, as far as the rules here are written.

const KEYWORDS = new Set(['and', 'or', 'unless', 'offset', 'bool', 'by', 'without', 'on', 'ignoring'])
/** Labels stand in brackets behind these. */
const LABEL_LISTS = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g

/** Every name that is neither a function, a keyword nor a label. */
export function metricsIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, ' ')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(LABEL_LISTS, ' ')
    .replaceAll(/\b\d[\w.]*/g, ' ')
  const names = [...bare.matchAll(/[A-Za-z_:][\w:]*(?!\w|:)(?!\s*\()/g)].map(([name]) => name)
  return [...new Set(names.filter((name) => !KEYWORDS.has(name)))]
}

/** The queries that a template asks: `query "..."`, or by way of `printf "..."`. */
export function queriesIn(template: string): string[] {
  const asked = /(?:query|printf) "((?:[^"\\]|\\.)*)"/g
  return [...template.matchAll(asked)].map(([, text]) => text!.replaceAll('\\"', '"').replaceAll('%q', '"x"'))
}
