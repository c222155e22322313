import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { table } from '../../tools/documents/markdown.ts'
import { DOCUMENTS } from '../../tools/documents/documents.ts'

const ROOT = join(__dirname, '../..')

describe('generated documents', () => {
  test.each(DOCUMENTS)('$path on disk is what the generator makes', ({ path, render }) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(render())
  })

  test('each is registered once', () => {
    expect(new Set(DOCUMENTS.map(({ path }) => path)).size).toBe(DOCUMENTS.length)
  })

  test('a table cell takes bars and line breaks', () => {
    expect(table(['a', 'b'], [['x | y', 'one\n  two']])).toBe('| a | b |\n|---|---|\n| x \\| y | one two |')
  })
})
