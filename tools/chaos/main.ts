// `npm run chaos`: faults at random on the real stack, and every count against the truth. See --help.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { unexplainedFrames } from '../../core/store/ledger.ts'
import { checkoutFolder } from '../stack/checkout.ts'
import { type CalmComparison, compareStores, countCalmly } from './calm.ts'
import { Chaos } from './chaos.ts'
import { compareWithTruth, ledgerFaults } from './comparison.ts'
import { ChaosDeployment } from './deployment.ts'
import { type Backlog, drain } from './drain.ts'
import { Load } from './load.ts'
import { type ChaosOptions, kindsOfRun, parseOptions } from './options.ts'
import { startOfCaptures } from './packet-clock.ts'
import { copyWithout } from './product-copy.ts'
import { type ProxiedStack, startProxiedStack } from './proxied-stack.ts'
import { askLedger, comparePublicAnswers } from './public-answers.ts'
import { Random } from './random.ts'
import { printReport, type Report } from './report.ts'
import { pythonOf, Truth } from './truth.ts'

const READY_LIMIT_MS = 120_000
const DRAIN_LIMIT_MS = 1_500_000
const TOPIC_PREFIX = 'chaos.'
const CALM_PREFIX = 'calm.'
const execute = promisify(execFile)

const startedMs = performance.now()

/** What is going on, for people, on stderr. */
function tell(text: string): void {
  process.stderr.write(`[${((performance.now() - startedMs) / 1000).toFixed(1)}] ${text}\n`)
}

/** All that a run holds open; `close` ends it whatever state it is in. */
class Run {
  readonly options: ChaosOptions
  readonly folder: string
  readonly captures: string
  readonly interrupted = new AbortController()
  stack: ProxiedStack | undefined
  truth: Truth | undefined
  load: Load | undefined
  readonly deployments: ChaosDeployment[] = []

  constructor(options: ChaosOptions) {
    this.options = options
    this.folder = options.keep ?? mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-chaos-'))
    this.captures = path.join(this.folder, 'captures')
    // Files of another run would be captures of this one.
    if (existsSync(this.captures)) throw new Error(`${this.folder} has a run already; name another folder`)
    mkdirSync(this.captures, { recursive: true })
  }

  deployment(name: string, topicPrefix: string, product: string, through: 'cables' | 'nothing') {
    const { stack } = this
    if (stack === undefined) throw new Error('the stack is not started')
    const deployment = new ChaosDeployment({
      product,
      folder: path.join(this.folder, name),
      captures: this.captures,
      topicPrefix,
      servers: { processes: stack.environment(through), harness: stack.environment('nothing') }
    })
    this.deployments.push(deployment)
    return deployment
  }

  async close(): Promise<void> {
    await this.load?.stop().catch(() => undefined)
    this.truth?.end()
    for (const deployment of this.deployments) await deployment.end()
    await this.stack?.stop()
    if (this.options.keep === undefined) rmSync(this.folder, { recursive: true, force: true })
  }
}

async function runChaos(run: Run): Promise<Report> {
  const { options } = run
  const product = productOf(run)
  tell('starting Kafka, registry and Redis')
  const kinds = kindsOfRun(options)
  const isRedisToLose = kinds.some((kind) => kind.startsWith('redis-'))
  const servers = options.keep === undefined ? undefined : path.join(run.folder, 'servers')
  const stack = await startProxiedStack(servers, isRedisToLose)
  run.stack = stack
  const deployment = run.deployment('chaos', TOPIC_PREFIX, product, 'cables')
  await deployment.call('check', '--apply')
  const truth = new Truth(run.folder)
  run.truth = truth
  const load = startLoad(run, truth)
  await deployment.startWorkers(2)
  await deployment.startSensors()
  await untilReady(deployment)

  const durationMs = options.minutes * 60_000
  const chaos = new Chaos({
    stack,
    deployment,
    random: new Random(options.seed),
    kinds,
    durationMs,
    intervalMs: 600_000 / options.faults,
    signal: run.interrupted.signal,
    tell
  })
  tell(`faults for ${options.minutes} minutes, seed ${options.seed}`)
  await chaos.run()
  await load.stop()
  stopIfInterrupted(run)
  tell(`${load.totalFrames} frames are written; draining`)
  const { isDrained, backlog } = await drain(deployment, load.totalFrames, DRAIN_LIMIT_MS, tell)
  if (!isDrained) tell(`not drained: ${JSON.stringify(backlog)}`)
  await deployment.stop()
  stopIfInterrupted(run)
  return await compare(run, deployment, chaos, truth, isDrained, backlog)
}

function productOf({ options, folder }: Run): string {
  if (options.without === undefined) return checkoutFolder()
  const product = path.join(folder, 'product')
  copyWithout(options.without, product)
  return product
}

function startLoad(run: Run, truth: Truth): Load {
  const { rate, speed, seed, minutes } = run.options
  const spanSeconds = (minutes * 60 + 30) * speed
  const load = new Load({
    folder: run.captures,
    seed,
    packetsPerSecond: rate,
    speed,
    startSeconds: startOfCaptures(Date.now() / 1000, spanSeconds),
    onFile: (sensor, file) => truth.add(sensor, file)
  })
  run.load = load
  load.start()
  return load
}

async function untilReady(deployment: ChaosDeployment): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS
  while (deployment.processes.some((each) => each.countLines(' is ready') === 0)) {
    if (performance.now() > deadline) throw new Error('the services are not ready in time; see their logs')
    await delay(200)
  }
}

async function compare(
  run: Run,
  deployment: ChaosDeployment,
  chaos: Chaos,
  truth: Truth,
  isDrained: boolean,
  backlog: Backlog
): Promise<Report> {
  const { options } = run
  tell('waiting for the truth')
  const totals = await truth.finish()
  tell('comparing')
  const store = deployment.store()
  await store.start()
  try {
    const comparison = await compareWithTruth(store, truth.windows())
    const ledger = await store.ledger()
    const late = await store.lateTotals()
    const answers = await comparePublicAnswers(deployment, truth)
    const calm = options.calm ? await compareCalm(run, store, totals.frames) : null
    stopIfInterrupted(run)
    const reader = options.python ? await readFirstOfEachName(run, truth) : null
    return {
      options,
      totals,
      entries: chaos.entries,
      isDrained,
      backlog,
      comparison,
      ledgerFaults: [...ledgerFaults(ledger, totals), ...(await askLedger(deployment))],
      counted: sum(ledger.sensors.map(({ countedPackets }) => countedPackets)),
      rejected: sum(ledger.sensors.flatMap(({ rejectedFrames }) => Object.values(rejectedFrames))),
      unexplained: sum(ledger.sensors.map(unexplainedFrames)),
      late,
      answers,
      calm,
      reader,
      rewinds: sum(
        [...deployment.aggregators, ...deployment.extras].map((each) => each.countLines('store lost data'))
      ),
      ends: deployment.processes.flatMap(({ unaskedEnds }) => unaskedEnds)
    }
  } finally {
    await store.stop()
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

async function compareCalm(
  run: Run,
  chaos: ReturnType<ChaosDeployment['store']>,
  frames: number
): Promise<CalmComparison> {
  tell('counting the same files calmly')
  const deployment = run.deployment('calm', CALM_PREFIX, checkoutFolder(), 'nothing')
  await countCalmly(deployment, frames, tell)
  const store = deployment.store()
  await store.start()
  try {
    return await compareStores(chaos, store)
  } finally {
    await store.stop()
  }
}

async function readFirstOfEachName(run: Run, truth: Truth): Promise<Report['reader']> {
  tell('reading packets.enriched in Python')
  const { STORMPETREL_KAFKA_BROKERS: brokers, STORMPETREL_REGISTRY_URL: registry } =
    run.stack!.environment('nothing')
  const script = path.join(checkoutFolder(), 'tools/chaos/first_of_each_name.py')
  const options = { brokers: brokers!, registry: registry!, prefix: TOPIC_PREFIX, truth: truth.file }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const { stdout } = await execute(pythonOf(), [script, ...args])
  return JSON.parse(stdout) as Report['reader']
}

function stopIfInterrupted({ interrupted }: Run): void {
  if (interrupted.signal.aborted) throw new Error('interrupted')
}

async function main(): Promise<void> {
  const run = new Run(parseOptions(process.argv.slice(2)))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      tell(`${signal}: ending`)
      run.interrupted.abort()
      // Whatever is being waited for is ended with what it waits for.
      void run.close().finally(() => process.exit(1))
    })
  }
  let report: Report
  try {
    report = await runChaos(run)
  } finally {
    await run.close()
  }
  process.exitCode = printReport(report, (text) => process.stdout.write(text))
}

main().catch((error: unknown) => {
  process.stderr.write(`chaos: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
})
