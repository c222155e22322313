// The fuzzer: `npm run fuzz`. docs/reliability.md says what it proves; `npm run fuzz -- --help` how it is called.
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { Finding, RunResult, WorkerStart } from './fuzz-worker.ts'
import { Progress } from './progress.ts'
import { formatReplay, parseSettings, type Settings } from './settings.ts'

/** An input that takes this much of the processor's time never ends. */
const HANG_CPU_MS = 2000
const LOOK_EVERY_MS = 250
const TELL_EVERY_MS = 15_000

const settings = parseSettings(process.argv.slice(2))
if (typeof settings === 'string') {
  process.stderr.write(`${settings}\n`)
  process.exitCode = 2
} else process.exitCode = await fuzz(settings)

/** Runs, prints, and answers the exit code. */
async function fuzz(settings: Settings): Promise<number> {
  const missing = settings.folders.filter((folder) => !existsSync(folder))
  for (const folder of missing) process.stderr.write(`fuzz: no captures: there is no folder ${folder}\n`)
  // Where it must be reproducible, less than all seeds is no run.
  if (missing.length > 0 && (process.env['CI'] !== undefined || missing.length === settings.folders.length))
    return 2
  say(
    `seed      ${settings.seed}${settings.planted === null ? '' : `, with the bug '${settings.planted}' planted`}`
  )

  const progress = new Progress()
  const workerData: WorkerStart = { settings, memory: progress.memory }
  const worker = new Worker(new URL('fuzz-worker.js', import.meta.url), { workerData })
  const outcome = await new Promise<RunResult | Finding | null>((resolve, reject) => {
    const stopWatching = watch(progress, settings, resolve)
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', stopWatching)
  })
  await worker.terminate()
  if (outcome !== null && 'seedsHash' in outcome) return tell(outcome)
  if (outcome !== null) return tellFinding(outcome)
  say('no promise was broken')
  return 0
}

/** Resolves with a finding where one input goes on for too long; answers how to stop. */
function watch(progress: Progress, { seed }: Settings, resolve: (finding: Finding) => void): () => void {
  const begun = performance.now()
  let beats = -1
  let cpuAtBeat = 0
  let toldAt = begun
  const timer = setInterval(() => {
    const now = performance.now()
    if (progress.beats !== beats) {
      beats = progress.beats
      cpuAtBeat = cpuMs()
    } else if (progress.inputs > 0 && cpuMs() - cpuAtBeat > HANG_CPU_MS) {
      const message = `an input ends: it was given ${HANG_CPU_MS} ms of the processor`
      resolve({ ...progress.current, inputNumber: progress.inputs, message })
    }
    if (now - toldAt < TELL_EVERY_MS) return
    toldAt = now
    const { inputs, features } = progress
    process.stderr.write(
      `fuzz: seed ${seed}: ${count(inputs)} inputs, ${count((inputs / (now - begun)) * 1000)}/s, ${count(features)} features\n`
    )
  }, LOOK_EVERY_MS)
  return () => clearInterval(timer)
}

function tell(result: RunResult): number {
  const { inputs, tookMs, bytes, finding } = result
  const all = bytes.frames + bytes.headers + bytes.otherBlocks + bytes.rejected
  const share = (part: number): string => `${((part / (all || 1)) * 100).toFixed(1)} %`
  say(`seeds     ${result.seedFiles} captures, SHA-256 ${result.seedsHash}`)
  say(`inputs    ${count(inputs)} in ${(tookMs / 1000).toFixed(1)} s, ${count((inputs / tookMs) * 1000)}/s`)
  say(
    `features  ${count(result.features)}, shown by ${count(result.kept)} inputs, SHA-256 ${result.corpusHash}`
  )
  say(
    `bytes     ${count(all)} in captures: ${share(bytes.frames)} in frames, ${share(bytes.headers)} headers, ` +
      `${share(bytes.otherBlocks)} other blocks, ${share(bytes.rejected)} rejected`
  )
  say(
    `bounds    slowest input ${result.slowestMs.toFixed(1)} ms, ` +
      `most memory ${(result.mostOfMemoryBound * 100).toFixed(0)} % of its bound`
  )
  if (finding !== null) return tellFinding(finding)
  say('no promise was broken')
  return 0
}

function tellFinding({ target, inputNumber, message, input }: Finding): number {
  say(`BROKEN    ${message}`)
  say(`input     ${count(inputNumber)}, a ${target}; the smallest has ${count(input.bytes.length)} bytes`)
  say(`replay    npm run fuzz -- --replay ${formatReplay(target, input)}`)
  return 1
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function count(number: number): string {
  return Math.round(number).toLocaleString('en')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
