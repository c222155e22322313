import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { GeoCache } from '../../adapters/geo-cache.ts'

let file: string

beforeAll(() => {
  file = join(mkdtempSync(join(tmpdir(), 'stormpetrel-geo-cache-')), 'file')
  writeFileSync(file, 'database')
})

afterAll(() => rmSync(join(file, '..'), { recursive: true }))

test('a folder that the system does not read or write costs nothing but time', async () => {
  const cache = new GeoCache(join(file, 'below-a-file'))
  const facts = { sha256: 'ab', built: 'unknown' }

  expect(await cache.factsOf(file, () => Promise.resolve(facts))).toEqual(facts)
  expect(await cache.readTable('region', 'ab')).toBeNull()
})

test('a mistake of the program is no missing file', async () => {
  // No such name reaches the system: Node.js refuses it as a wrong argument.
  const cache = new GeoCache('wrong\0name')

  const mistake = { code: 'ERR_INVALID_ARG_VALUE' }
  await expect(cache.readTable('region', 'ab')).rejects.toMatchObject(mistake)
  await expect(cache.factsOf(file, () => Promise.reject(new Error('not asked')))).rejects.toMatchObject(
    mistake
  )
})
