import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { findFreePort } from '../../tools/stack/free-port.ts'

test('ports are below the ephemeral range, and each is given once', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, findFreePort))

  const firstEphemeral = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s/)[0])
  expect(new Set(ports).size).toBe(200)
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(10_000)
  expect(Math.max(...ports)).toBeLessThan(firstEphemeral)
})
