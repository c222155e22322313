// Programs from the system's packages (Debian and Ubuntu names): which are missing, and installing them.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { outputOf, SetupError, say, succeeds, withLock } from './project.mjs'

/** What `npm run stack` needs: package, and how its presence is seen. */
export const STACK_PACKAGES = [
  { name: 'redis-server', isPresent: hasRedis7 },
  { name: 'maven', isPresent: () => hasCommand('mvn') }
]

/** What the tests need: scanners, capture tools and checkers by other hands, beside the real parts. */
export const TEST_PACKAGES = [
  ...STACK_PACKAGES,
  ...commands('tcpdump', 'zmap', 'masscan', 'nmap', 'hping3', 'gcc', 'zstd', 'gzip'),
  { name: 'tshark', isPresent: () => ['tshark', 'capinfos', 'editcap'].every(hasCommand) },
  { name: 'iproute2', isPresent: () => hasCommand('ip') },
  { name: 'prometheus', isPresent: () => ['prometheus', 'promtool'].every(hasCommand) },
  { name: 'prometheus-alertmanager', isPresent: hasAlertmanager },
  { name: 'util-linux', isPresent: () => ['unshare', 'nsenter'].every(hasCommand) },
  { name: 'mmdb-bin', isPresent: () => hasCommand('mmdblookup') },
  // gcc alone has no C library headers under --no-install-recommends.
  { name: 'libc6-dev', isPresent: () => hasHeader('stdio.h') },
  { name: 'libmaxminddb-dev', isPresent: () => hasHeader('maxminddb.h') },
  { name: 'python3-venv', isPresent: () => findPython() !== undefined },
  { name: 'chromium', isPresent: () => hasCommand('chromium') },
  // Without it Japanese is boxes.
  { name: 'fonts-noto-cjk', isPresent: () => existsSync('/usr/share/fonts/opentype/noto') },
  { name: 'ca-certificates', isPresent: () => existsSync('/etc/ssl/certs/ca-certificates.crt') }
]

/** What the benchmark needs: programs by other hands that are measured over the same packets, beside the real parts. */
export const BENCH_PACKAGES = [
  ...STACK_PACKAGES,
  ...commands('tshark', 'zstd'),
  { name: 'pmacct', isPresent: () => hasCommand('pmacctd') },
  { name: 'default-jdk-headless', isPresent: hasJavaCompiler17 },
  { name: 'python3-venv', isPresent: () => findPython() !== undefined }
]

function commands(...names) {
  return names.map((name) => ({ name, isPresent: () => hasCommand(name) }))
}

/** Debian puts headers that differ by processor one folder deeper, named after it (x86_64-linux-gnu). */
function hasHeader(name) {
  const folders = ['/usr/include', '/usr/local/include'].filter((folder) => existsSync(folder))
  const byProcessor = folders.flatMap((folder) =>
    readdirSync(folder).map((inner) => path.join(folder, inner))
  )
  const places = [...folders, ...byProcessor.filter((folder) => folder.includes('-linux-'))]
  return places.some((folder) => existsSync(path.join(folder, name)))
}

function hasRedis7() {
  const major = /v=(\d+)\./.exec(outputOf('redis-server', ['--version']) ?? '')?.[1]
  return Number(major) >= 7
}

/** Debian's is called prometheus-alertmanager, its makers' alertmanager. */
function hasAlertmanager() {
  return hasCommand('amtool') && ['prometheus-alertmanager', 'alertmanager'].some(hasCommand)
}

/** The Kafka Streams peer is compiled for Java 17. */
function hasJavaCompiler17() {
  const major = /javac (\d+)/.exec(outputOf('javac', ['-version']) ?? '')?.[1]
  return Number(major) >= 17
}

/** A Python of 3.10 or newer that can make a virtual environment, or undefined. */
export function findPython() {
  const check = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))'
  return ['python3', '/usr/bin/python3'].find((python) => outputOf(python, ['-c', check]) !== undefined)
}

/** Whether a command is on PATH or in the folders of root's PATH, where network tools lie. */
export function hasCommand(name) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.some((folder) => folder !== '' && existsSync(path.join(folder, name)))
}

/** Installs what is missing; where that cannot be, throws with the exact command for a person to type. */
export async function ensureSystemPackages(packages) {
  if (missing(packages).length === 0) return
  if (canInstall()) {
    await withLock('apt', () => {
      const names = missing(packages)
      if (names.length === 0) return
      say(`installing system packages: ${names.join(' ')}`)
      installPackages(names)
    })
  }
  const left = missing(packages)
  if (left.length === 0) return
  const why = canInstall() ? 'apt-get could not install them' : 'only root can install them'
  throw new SetupError(
    `these system packages are missing, and ${why}: ${left.join(', ')}. On Debian or Ubuntu type\n` +
      `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${left.join(' ')}\n` +
      'and elsewhere install the same programs (Redis 7 or newer).'
  )
}

function missing(packages) {
  return packages.filter(({ isPresent }) => !isPresent()).map(({ name }) => name)
}

/** Whether packages can be installed here without asking: as root, or in CI by a sudo that asks no password. */
export function canInstall() {
  return hasCommand('apt-get') && sudo() !== undefined
}

function sudo() {
  if (process.getuid?.() === 0) return []
  const isQuiet = process.env.CI && outputOf('sudo', ['-n', 'true']) !== undefined
  return isQuiet ? ['sudo', '-n', '-E'] : undefined
}

/** Installs by apt-get, reading the package index first, three tries; true where apt-get says all went well. */
export function installPackages(names) {
  return withoutServices(() => {
    for (let tries = 1; tries <= 3; tries++) {
      if (aptGet('update', '-qq') && aptInstall(names)) return true
    }
    // One name that this release does not have must not keep the others away.
    return names.length > 1 && names.map((name) => aptInstall([name])).every(Boolean)
  })
}

function aptInstall(names) {
  return aptGet('install', '-y', '-qq', '--no-install-recommends', ...names)
}

function aptGet(...args) {
  const [command, ...rest] = [
    ...sudo(),
    'apt-get',
    '-o',
    'DPkg::Lock::Timeout=300',
    '-o',
    'Dpkg::Use-Pty=0',
    ...args
  ]
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return succeeds(command, rest, { env })
}

/** Debian starts a service when its package is installed; the tests start their own Redis, so none is wanted. */
function withoutServices(step) {
  const policy = '/usr/sbin/policy-rc.d'
  if (process.getuid?.() !== 0 || existsSync(policy)) return step()
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return step()
  } finally {
    rmSync(policy, { force: true })
  }
}
