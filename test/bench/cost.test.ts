import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { writeSynCapture } from '../../bench/syn-capture.ts'

const ROOT = join(__dirname, '..', '..')
const HOOK = pathToFileURL(join(ROOT, 'dist', 'bench', 'usage-hook.js')).href
const MIB = 1024

interface Usage {
  readonly cpuSeconds: number
  readonly peakRssMib: number
}

const COMMANDS = ['tag', 'counts --by tag'] as const
const usages = new Map<(typeof COMMANDS)[number], { readonly small: Usage; readonly large: Usage }>()
let folder = ''

// Each runs once: the tests look at the same four processes.
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stormpetrel-cost-'))
  const few = capture(100_000)
  const many = capture(1_000_000)
  for (const command of COMMANDS) {
    usages.set(command, { small: usageOf(command, few), large: usageOf(command, many) })
  }
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function capture(packets: number): string {
  const path = join(folder, `${packets}.pcap`)
  const times = { startSeconds: 1_652_194_200, packetsPerSecond: 1000 }
  writeSynCapture(path, { packets, seed: 7, ...times, newSourceShare: 0.1 })
  return path
}

/** What the built program used (`npm run build` builds it, and `npm test` does); its output goes to /dev/null. */
function usageOf(command: string, file: string): Usage {
  const program = [process.execPath, '--import', HOOK, join(ROOT, 'bin', 'stormpetrel.js')]
  // A process begins with the memory of the one that started it as its peak: that is a shell's, not this one's.
  const shell = ['-c', '"$@"; exit $?', 'sh', ...program, ...command.split(' '), file]
  const child = spawnSync('sh', shell, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  expect([child.status, child.stderr]).toEqual([0, ''])
  const usage = JSON.parse(String(child.output[3])) as NodeJS.ResourceUsage
  return { cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6, peakRssMib: usage.maxRSS / MIB }
}

describe('a million packets', () => {
  test.each(COMMANDS)('%s takes the memory of a hundred thousand', (command) => {
    const { small, large } = usages.get(command)!

    // Kept headers alone would be 50 MiB, as columns twice that.
    expect(large.peakRssMib).toBeLessThan(300)
    expect(large.peakRssMib - small.peakRssMib).toBeLessThan(40)
  })

  test('counting is cheaper than printing', () => {
    const [printing, counting] = COMMANDS.map((command) => {
      const { small, large } = usages.get(command)!
      return large.cpuSeconds - small.cpuSeconds
    })

    // A quarter on an idle machine.
    expect(counting! / printing!).toBeLessThan(0.7)
  })
})
