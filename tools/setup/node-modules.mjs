// Node and its packages: the version that package.json asks for, and node_modules as package-lock.json says.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { install, ROOT, SetupError, say, succeeds, withLock } from './project.mjs'

/** Refuses a Node that is older than package.json's `engines`. */
export function checkNode() {
  const wanted = readJson('package.json').engines.node.replace('>=', '')
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number)
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  throw new SetupError(
    `Node ${process.versions.node} is too old. Install Node ${wanted} or newer from https://nodejs.org`
  )
}

/** Runs `npm ci` where node_modules is not what package-lock.json says. */
export async function ensureNodeModules() {
  if (hasLockedPackages()) return
  await withLock('npm', async () => {
    if (hasLockedPackages()) return
    say('installing npm packages (npm ci)')
    const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
    // npm tells its children about itself; a nested npm must read the project afresh and not, say, a --json.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isNpmOwn(name)))
    await install('npm ci', () => succeeds('npm', args, { env }), 'Run `npm ci` by hand to see why.')
  })
}

function isNpmOwn(name) {
  return /^npm_(config_json|config_argv|command|lifecycle_|package_)/.test(name)
}

/**
 * npm writes node_modules/.package-lock.json as the last step of an installation, so it is both a list of what
 * is there and a proof that the installation ended. Optional packages for other systems are not in it.
 */
function hasLockedPackages() {
  const wanted = readJson('package-lock.json').packages
  const present = readJson('node_modules/.package-lock.json')?.packages
  if (present === undefined) return false
  return Object.entries(wanted).every(([name, { version, integrity, optional }]) => {
    if (name === '') return true
    const found = present[name]
    return found === undefined
      ? optional === true
      : found.version === version && found.integrity === integrity
  })
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
