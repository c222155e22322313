// The thread that fuzzes. The main thread watches it, since nothing inside can see that it hangs.
import { parentPort, workerData } from 'node:worker_threads'
import { CaptureTarget } from './capture-target.ts'
import { corpusHash } from './corpus.ts'
import { type Failure, Fuzzer } from './fuzzer.ts'
import { FrameTarget } from './frame-target.ts'
import { errorOf, minimize } from './minimize.ts'
import { PLANTED } from './planted.ts'
import { Progress } from './progress.ts'
import { Scratch } from './scratch.ts'
import { loadSeeds } from './seeds.ts'
import type { Settings } from './settings.ts'
import { PRODUCT } from './subject.ts'
import { type Input, messageOf, promiseOf, type Target, type TargetName } from './target.ts'

/** Inputs between two looks at the clock. */
const INPUTS_AT_ONCE = 5000

/** What the worker is started with. */
export interface WorkerStart {
  readonly settings: Settings
  readonly memory: SharedArrayBuffer
}

/** A broken promise, with the smallest input found that breaks it. */
export interface Finding {
  readonly target: TargetName
  readonly inputNumber: number
  readonly message: string
  readonly input: Input
}

/** What a run says at its end. */
export interface RunResult {
  readonly seedFiles: number
  readonly seedsHash: string
  readonly inputs: number
  readonly tookMs: number
  readonly features: number
  readonly kept: number
  readonly corpusHash: string
  readonly bytes: {
    readonly frames: number
    readonly headers: number
    readonly otherBlocks: number
    readonly rejected: number
  }
  readonly slowestMs: number
  readonly mostOfMemoryBound: number
  readonly finding: Finding | null
}

const { settings, memory } = workerData as WorkerStart
const progress = new Progress(memory)
const subject = settings.planted === null ? PRODUCT : PLANTED[settings.planted]!
const createTarget = (name: TargetName): Target =>
  name === 'frame' ? new FrameTarget(subject) : new CaptureTarget(subject)
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin, a window has.
parentPort!.postMessage(settings.replay === null ? run() : replay(settings.replay))

function run(): RunResult {
  // Most captures end with an error on purpose, and the trace of its stack would be a fifth of all the time.
  Error.stackTraceLimit = 0
  const seeds = loadSeeds(settings.folders)
  const captureTarget = new CaptureTarget(subject)
  const scratch = new Scratch(progress.inputMemory)
  const fuzzer = new Fuzzer(settings.seed, scratch, new FrameTarget(subject), captureTarget, progress)
  const begun = performance.now()
  let failure = fuzzer.start(seeds)
  while (failure === null && fuzzer.inputs < settings.inputs) {
    if (performance.now() - begun >= settings.seconds * 1000) break
    failure = fuzzer.run(Math.min(INPUTS_AT_ONCE, settings.inputs - fuzzer.inputs))
  }
  const tookMs = performance.now() - begun
  const { frames, headers, otherBlocks, rejected } = captureTarget.totals
  return {
    seedFiles: seeds.files,
    seedsHash: seeds.hash,
    inputs: fuzzer.inputs,
    tookMs,
    features: fuzzer.features.count,
    kept: fuzzer.frames.inputs.length + fuzzer.captures.inputs.length,
    corpusHash: corpusHash([fuzzer.frames, fuzzer.captures]),
    bytes: { frames, headers, otherBlocks, rejected },
    slowestMs: fuzzer.slowestMs,
    mostOfMemoryBound: captureTarget.mostOfMemoryBound,
    finding: failure === null ? null : findingOf(failure)
  }
}

function findingOf({ target, input, inputNumber, error }: Failure): Finding {
  const smallest = minimize(
    () => createTarget(target.name),
    input,
    promiseOf(error),
    () => progress.beat()
  )
  return { target: target.name, inputNumber, message: messageOf(error), input: smallest }
}

function replay({ target, input }: NonNullable<Settings['replay']>): Finding | null {
  const scratch = new Scratch(progress.inputMemory)
  scratch.load(input)
  progress.note(1, 0, target, input.detail, scratch.end)
  const error = errorOf(() => createTarget(target), input)
  return error === null ? null : { target, inputNumber: 1, message: messageOf(error), input }
}
