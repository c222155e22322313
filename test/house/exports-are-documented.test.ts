// House rule: every exported thing says what it promises, right before it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const ROOT = join(__dirname, '..', '..')
const FOLDERS = ['core', 'adapters', 'services', 'cli']
const DECLARATION =
  /^export (?:declare |abstract |async )*(?:function\*?|class|interface|type|const|let) +(\w+)/

/** Names that a file exports where it declares them, without a doc comment on the line before. Re-exports have braces. */
function undocumented(text: string): string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const name = DECLARATION.exec(line)?.[1]
    if (name === undefined) return []
    return endsDocComment(lines, index - 1) ? [] : [name]
  })
}

/** Whether a line is the last of a comment that begins with two stars, and that says something. */
function endsDocComment(lines: readonly string[], last: number): boolean {
  if (!lines[last]?.trimEnd().endsWith('*/')) return false
  let first = last
  while (first > 0 && !lines[first]!.trimStart().startsWith('/*')) first--
  const comment = lines.slice(first, last + 1).join(' ')
  return /^\s*\/\*\*\s/.test(comment) && /[A-Za-z]/.test(comment)
}

test('declarations of every kind are seen, and only a doc comment right before one counts', () => {
  const text = [
    '/** One. */',
    'export const a = 1',
    '/**',
    ' * Two.',
    ' */',
    'export async function b(): Promise<void> {}',
    '/* Not a doc comment. */',
    'export interface C {}',
    '/** Too far away. */',
    '',
    'export type D = string',
    'export class E {}',
    '// Nor is this.',
    'export function* f() {}',
    'export abstract class G {}',
    '/** */',
    'export const h = 2',
    "export { i, type J } from './i.ts'",
    "export type { K } from './k.ts'",
    "export * from './l.ts'"
  ].join('\n')

  expect(undocumented(text)).toEqual(['C', 'D', 'E', 'f', 'G', 'h'])
})

test('every exported thing has a doc comment', () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name))
  )

  const missing = files.flatMap((file) =>
    undocumented(readFileSync(join(ROOT, file), 'utf8')).map((name) => `${file}: ${name}`)
  )

  expect(files.length).toBeGreaterThan(100)
  expect(missing).toEqual([])
})
