import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const CORE = join(__dirname, '..', '..', 'core')

function sourceFiles(): string[] {
  return readdirSync(CORE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
}

/** What a file names in import and export statements, in import() and in require(). */
function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\b[^'"`;=(]*?from\s*['"]([^'"]+)['"]/gm)
  const bare = text.matchAll(/^import\s*['"]([^'"]+)['"]/gm)
  const calls = text.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]/g)
  return [...statements, ...bare, ...calls].map((match) => match[1]!)
}

test('imports of every form are seen', () => {
  const text = [
    "import { a, type B } from './one.ts'",
    'import {',
    '  c',
    "} from 'two'",
    "import 'three'",
    "export { d } from 'four'",
    "const five = await import('five')"
  ].join('\n')

  expect(importsOf(text).sort()).toEqual(['./one.ts', 'five', 'four', 'three', 'two'])
})

/** Libraries that are functions of their arguments alone, as core is. */
const PURE_LIBRARIES = ['d3-scale', 'd3-shape']

test('core imports only core, and pure functions: the hashes of node:crypto, and declared libraries', () => {
  const foreign: string[] = []
  for (const name of sourceFiles()) {
    const text = readFileSync(join(CORE, name), 'utf8')
    for (const specifier of importsOf(text)) {
      const staysInCore =
        specifier.startsWith('.') &&
        join('core', name, '..', specifier).replaceAll('\\', '/').startsWith('core/')
      const isHash =
        specifier === 'node:crypto' && /import \{ (createHash|hash) \} from 'node:crypto'/.test(text)
      if (!staysInCore && !isHash && !PURE_LIBRARIES.includes(specifier))
        foreign.push(`${name}: ${specifier}`)
    }
  }

  expect(sourceFiles().length).toBeGreaterThan(10)
  expect(foreign).toEqual([])
})

test('core asks no clock, no dice and no environment', () => {
  const impure =
    /\b(Date\.now|new Date\(\)|performance\.|Math\.random|process\.|setTimeout|setInterval|globalThis|console\.)/
  const found = sourceFiles().filter((name) => {
    const code = readFileSync(join(CORE, name), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    return impure.test(code)
  })

  expect(found).toEqual([])
})
