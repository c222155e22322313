// `node tools/setup/complete-lock.mjs`: a registry that mirrors only some systems' native packages makes
// `npm install` leave the other systems' out of package-lock.json, and `npm ci` then refuses the lock everywhere.
// This adds them: name and version stand in the lock, and the name says for which system it is.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT, say } from './project.mjs'

const FILE = path.join(ROOT, 'package-lock.json')
const SYSTEM =
  /[-/](android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)(?=-|$)/

const lock = JSON.parse(readFileSync(FILE, 'utf8'))
const missing = Object.values(lock.packages).flatMap(({ dev, optionalDependencies = {} }) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !(`node_modules/${name}` in lock.packages) && SYSTEM.test(name))
    .map(([name, version]) => ({ name, version, dev }))
)
for (const { name, version, dev } of missing) {
  const [, os, cpu] = SYSTEM.exec(name)
  lock.packages[`node_modules/${name}`] = {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(name.includes('musl') && { libc: ['musl'] }),
    ...(os === 'linux' && name.includes('gnu') && { libc: ['glibc'] }),
    optional: true,
    os: [os]
  }
}
// npm's own order.
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
say(`${missing.length} packages for other systems added to package-lock.json`)
