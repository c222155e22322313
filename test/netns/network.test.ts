import { execFileSync } from 'node:child_process'
import { expect } from '@jest/globals'
import { namespaceTest } from './namespace-test.ts'
import { DARK_SPACE, type TelescopeNetwork, withTelescopeNetwork } from './network.ts'

interface InterfaceCounters {
  readonly rx: { readonly packets: number }
  readonly tx: { readonly packets: number }
}

async function sensorCounters(network: TelescopeNetwork): Promise<InterfaceCounters> {
  const shown = await network.sensorExec(['ip', '-s', '-j', 'link', 'show', network.sensorInterface])
  const [link] = JSON.parse(shown.stdout) as { readonly stats64: InterfaceCounters }[]
  return link!.stats64
}

namespaceTest('packets to the dark space reach the sensor, and nobody answers them', async () => {
  await withTelescopeNetwork(async (network) => {
    const before = await sensorCounters(network)

    const probes = ['-q', '--fast', '-S', '-p', '23', '-c', '3', '-i', 'u1000', '203.0.113.7']
    await expect(network.scannerExec(['hping3', ...probes])).rejects.toThrow(
      '3 packets transmitted, 0 packets received'
    )

    const after = await sensorCounters(network)
    expect(after.rx.packets - before.rx.packets).toBeGreaterThanOrEqual(3)
    expect(after.tx.packets).toBe(before.tx.packets)
  })
})

namespaceTest('after a failure both namespaces are gone, with what ran in them', async () => {
  let names: string[] = []
  let ended: Promise<unknown> = Promise.resolve()

  const failing = withTelescopeNetwork(async (network) => {
    names = [network.sensorNamespace, network.scannerNamespace]
    const child = network.sensorSpawn(['sleep', '600'])
    ended = new Promise((resolve) => child.once('close', resolve))
    await network.sensorExec(['ip', 'route', 'show', DARK_SPACE])
    throw new Error('on purpose')
  })

  await expect(failing).rejects.toThrow('on purpose')
  await ended
  const left = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  expect(names).toHaveLength(2)
  for (const name of names) expect(left).not.toContain(name)
})
