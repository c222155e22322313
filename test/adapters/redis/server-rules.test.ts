import { describe, expect, test } from '@jest/globals'
import { refuseUnsafeServer, type ServerFacts, serverFindings } from '../../../adapters/redis/server-rules.ts'

const SAFE: ServerFacts = {
  where: 'host:1',
  version: '7.0.15',
  maxmemoryBytes: 1 << 30,
  maxmemoryPolicy: 'noeviction',
  loadsTornFile: false
}

function told(facts: Partial<ServerFacts>): string[] {
  return serverFindings({ ...SAFE, ...facts }).map(({ severity, what }) => `${severity}: ${what}`)
}

describe('a Redis server', () => {
  test.each<[string, Partial<ServerFacts>, string[]]>([
    ['7.0 that never evicts', {}, []],
    ['a later one', { version: '10.2.1' }, []],
    ['6.2', { version: '6.2.14' }, ['error: is version 6.2.14']],
    ['one that evicts', { maxmemoryPolicy: 'allkeys-lru' }, ['error: maxmemory-policy is allkeys-lru']],
    [
      'one that evicts what expires',
      { maxmemoryPolicy: 'volatile-ttl' },
      ['error: maxmemory-policy is volatile-ttl']
    ],
    [
      'one that would evict if it had a limit',
      { maxmemoryPolicy: 'allkeys-lru', maxmemoryBytes: 0 },
      ['warning: maxmemory-policy is allkeys-lru, without a maxmemory yet']
    ],
    ['one that goes on with a torn file', { loadsTornFile: true }, ['error: aof-load-truncated is yes']],
    [
      'one that does not tell',
      { version: null, maxmemoryBytes: null, maxmemoryPolicy: null, loadsTornFile: null },
      [
        'warning: its version could not be read',
        'warning: maxmemory-policy could not be read',
        'warning: aof-load-truncated could not be read'
      ]
    ]
  ])('%s', (_, facts, findings) => {
    expect(told(facts)).toEqual(findings)
    const isRefused = findings.some((finding) => finding.startsWith('error'))
    const refuse = (): void => refuseUnsafeServer({ ...SAFE, ...facts })
    if (isRefused) expect(refuse).toThrow(expect.objectContaining({ code: 'SP_REDIS_SETTINGS' }))
    else expect(refuse).not.toThrow()
  })
})
