import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { captureAdvice } from '../adapters/live-capture-tools.ts'
import { buildProgram } from '../cli/program.ts'
import { CliContext } from '../cli/context.ts'

const ROOT = join(__dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const START_DEADLINE_MS = 120_000

interface Shown {
  readonly command: string
  readonly output: string
}

/** The README's console blocks: a command after `$ `, and what it printed. */
function shownCommands(): Shown[] {
  return [...README.matchAll(/```console\n\$ (.*)\n([\s\S]*?)```/g)].map((match) => ({
    command: match[1]!,
    output: match[2]!
  }))
}

let started: ChildProcess | null = null

afterEach(async () => {
  const child = started
  started = null
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  // npm and node are a group: the signal goes to all of it.
  process.kill(-child.pid!, 'SIGTERM')
  await ended
})

/** What the command has printed once it has printed as many lines as `text` has. */
function untilPrinted(child: ChildProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout!.setEncoding('utf8')
    child.stdout!.on('data', (chunk: string) => {
      output += chunk
      if (output.split('\n').length >= text.split('\n').length) resolve(output)
    })
    child.once('exit', (code) => reject(new Error(`it ended with ${code} after printing: ${output}`)))
  })
}

test(
  'npm start prints what the README shows, and serves the page and the counts',
  async () => {
    const { output } = shownCommands().find(({ command }) => command === 'npm start')!
    const environment = { ...process.env, STORMPETREL_HTTP_PORT: '0' }
    started = spawn('npm', ['start', '--silent'], {
      cwd: ROOT,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit']
    })

    const printed = await untilPrinted(started, output)

    const port = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(printed)![1]!
    expect(printed.replaceAll(`:${port}/`, ':7080/')).toBe(output)
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).toContain('\nstormpetrel_counted_packets_total 10301\n')
    const page = await fetch(`http://127.0.0.1:${port}/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const summary = (await (await fetch(`http://127.0.0.1:${port}/api/summary`)).json()) as Record<
      string,
      unknown
    >
    expect(summary).toMatchObject({
      packets: 10_301,
      miraiPackets: 4545,
      miraiSources: 419,
      rejectedFrames: 0
    })
  },
  START_DEADLINE_MS
)

test.each(shownCommands().filter(({ command }) => command.startsWith('npx stormpetrel ')))(
  '$command prints what the README shows',
  ({ command, output }) => {
    const line = command.replace('npx stormpetrel', 'node bin/stormpetrel.js')

    expect(execFileSync('bash', ['-c', line], { cwd: ROOT, encoding: 'utf8' })).toBe(output)
  }
)

test('every stormpetrel command line of the README has a verb and options that exist', () => {
  const lines = [...README.matchAll(/npx stormpetrel ([^|#\n`]+)/g)].map((match) =>
    match[1]!.trim().split(/\s+/)
  )
  const program = buildProgram(new CliContext({ stdout: process.stdout, stderr: process.stderr }, {}))
  const unknown = lines.flatMap(([verb, ...words]) => {
    const command = program.commands.find((each) => each.name() === verb)
    if (command === undefined) return [String(verb)]
    return words.filter((word) => word.startsWith('--') && !command.options.some(({ long }) => long === word))
  })

  expect(lines.length).toBeGreaterThan(6)
  expect(unknown).toEqual([])
})

test('the README gives the privilege to capture to tcpdump alone, in the words that a sensor without it says', () => {
  expect(README).toContain(captureAdvice('tcpdump', 'not permitted').replace(/^.*once: /, ''))
  expect(README).not.toMatch(/sudo.*stormpetrel/)
})

test('every file that the documents link to exists', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'docs/architecture.md',
    'docs/dependencies.md',
    'test/data/samples/README.md'
  ]
  const broken = documents.flatMap((document) => {
    const text = readFileSync(join(ROOT, document), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!)
    return links.filter((link) => !existsSync(join(ROOT, dirname(document), link)))
  })

  expect(broken).toEqual([])
})

test('every file that docs/architecture.md names exists', () => {
  const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
  const named = [...text.matchAll(/`((?:core|adapters|services|cli|schemas)\/[a-z0-9/.-]+)`/g)].map(
    (match) => match[1]!
  )

  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})
