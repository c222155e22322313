// What every set-up step shares. Set-up runs before node_modules exists, so only node: modules are imported.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds package.json. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/** Everything that set-up downloads and that is no npm package lies here; deleting it is safe. */
export const CACHE = path.join(ROOT, '.cache')

/** Something that only the person at the keyboard can mend; the message says exactly what to do. */
export class SetupError extends Error {}

/** One line about a step that takes time. On stderr, so that stdout stays the program's own. */
export function say(message) {
  process.stderr.write(`set-up: ${message}\n`)
}

/** Runs a command with its output on stderr; true where it exits 0. A command that does not exist is false. */
export function succeeds(command, args, options = {}) {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2], ...options })
  return status === 0
}

/** A command's stdout and stderr together, or undefined where it does not exist or exits with an error. */
export function outputOf(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? stdout + stderr : undefined
}

/** Tries an installation three times, since package servers fail now and then; throws with the remedy. */
export async function install(what, attempt, remedy) {
  for (let tries = 1; tries <= 3; tries++) {
    if (attempt(tries)) return
    if (tries < 3) {
      say(`${what} failed, trying again in ${tries * 3} s`)
      await new Promise((resolve) => setTimeout(resolve, tries * 3000))
    }
  }
  throw new SetupError(`${what} failed three times. ${remedy}`)
}

/** Runs a step while no other process of this checkout does; a lock whose owner has died is taken over. */
export async function withLock(name, step) {
  mkdirSync(CACHE, { recursive: true })
  const file = path.join(CACHE, `${name}.lock`)
  while (!takeLock(file)) await new Promise((resolve) => setTimeout(resolve, 200))
  try {
    return await step()
  } finally {
    rmSync(file, { force: true })
  }
}

function takeLock(file) {
  try {
    const handle = openSync(file, 'wx')
    writeSync(handle, `${process.pid}`)
    closeSync(handle)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!isAlive(ownerOf(file))) rmSync(file, { force: true })
    return false
  }
}

function ownerOf(file) {
  try {
    // Empty for the instant between open and write: as good as alive.
    return Number(readFileSync(file, 'utf8') || process.pid)
  } catch (error) {
    if (error.code === 'ENOENT') return process.pid
    throw error
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Runs a program in this terminal, passes signals on to it, and ends with its exit code. */
export function becomeProgram(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options })
  // Ctrl-C reaches the whole foreground group already; a second SIGINT would mean 'at once' to many programs.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`${command} cannot be started: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 143))
  })
}

/** Runs set-up's steps; what a person must mend is told in plain words, with exit code 1. */
export async function runSetup(steps) {
  try {
    for (const step of steps) await step()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`set-up: ${error.message}\n`)
    process.exit(1)
  }
}
