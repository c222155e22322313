import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { crc32c } from '../../../adapters/kafkajs/crc32c.ts'
import { packageRoot } from '../../../adapters/package-root.ts'

const require = createRequire(join(packageRoot(), 'package.json'))
const kafkajs = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Uint8Array) => number

test('the checksums of RFC 3720, appendix B.4', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(0))).toBe(0)
})

test('of any bytes it is what kafkajs makes of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(crc32c(bytes)).toBe(kafkajs(bytes))
    })
  )
})
