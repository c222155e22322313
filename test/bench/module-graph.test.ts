import { readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { expect, test } from '@jest/globals'

const ROOT = join(__dirname, '..', '..')

/** What a file loads at once: neither its types nor what it imports only when it is needed. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const statements = text.matchAll(/^(?:import|export) (?!type )(?:[^'"]*? from )?['"]([^'"]+)['"]/gm)
  return [...statements].map((match) => match[1]!)
}

/** Every file and package that is loaded before the first line of `entry` runs. */
function loadedWith(entry: string): ReadonlySet<string> {
  const loaded = new Set<string>()
  const visit = (file: string) => {
    if (loaded.has(file)) return
    loaded.add(file)
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.')) visit(normalize(join(file, '..', specifier)))
      else loaded.add(specifier)
    }
  }
  visit(entry)
  return loaded
}

const isGeo = (module: string) => /(^|\/)geo[-/]|@ip-location-db/.test(module)

test('a sensor starts without geo data and without the client of the schema registry', () => {
  const loaded = [...loadedWith('services/sensor/main.ts')]

  expect(loaded).toContain('core/batch/batcher.ts')
  expect(loaded).toContain('kafkajs')
  expect(loaded.filter(isGeo)).toEqual([])
  expect(loaded.filter((module) => module.startsWith('@confluentinc/'))).toEqual([])
})

test('a tagger, which needs them, is seen to load geo tables', () => {
  expect([...loadedWith('services/tagger/main.ts')].filter(isGeo)).toContain('adapters/geo-files.ts')
})

test('help and bad usage load no service, no Kafka and no Redis', () => {
  const loaded = [...loadedWith('cli/main.ts')]

  expect(loaded).toContain('commander')
  expect(loaded.filter((module) => /^(kafkajs|ioredis|prom-client|avsc)$|^services\//.test(module))).toEqual(
    []
  )
})
