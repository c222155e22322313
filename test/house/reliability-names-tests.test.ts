import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const ROOT = join(__dirname, '../..')

test('every test that docs/reliability.md names is there', () => {
  const text = readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8')

  const named = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, path]) => path!)

  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})
