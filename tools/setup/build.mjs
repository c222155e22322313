// The build: tsc to dist/, and beside it the files that the compiled code reads (Lua, pages, schemas).
// As a command (`npm run build`) it always builds; set-up builds only what is older than its sources.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT, runSetup, SetupError, say, succeeds, withLock } from './project.mjs'

const DIST = path.join(ROOT, 'dist')
const STAMP = path.join(DIST, '.built-from')
const COMPILED = ['core', 'adapters', 'services', 'cli', 'tools', 'bench']
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json']

/** Builds where a source was added, removed or changed since the last build that succeeded. */
export async function ensureBuilt() {
  if (isBuilt()) return
  await withLock('build', () => {
    if (isBuilt()) return
    say('building')
    build()
  })
}

function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint()
}

function build() {
  const from = fingerprint()
  if (!succeeds(path.join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'])) {
    throw new SetupError('the build failed; tsc says why above.')
  }
  for (const file of sources().filter(isReadAtRunTime)) {
    const target = path.join(DIST, path.relative(ROOT, file))
    mkdirSync(path.dirname(target), { recursive: true })
    cpSync(file, target)
  }
  writeFileSync(STAMP, from)
}

function isReadAtRunTime(file) {
  const top = path.relative(ROOT, file).split(path.sep)[0]
  return !file.endsWith('.ts') && top !== 'tools' && top !== 'bench' && !SETTINGS.includes(top)
}

function sources() {
  const folders = [...COMPILED, 'schemas']
    .map((name) => path.join(ROOT, name))
    .filter((name) => existsSync(name))
  return [...SETTINGS.map((name) => path.join(ROOT, name)), ...folders.flatMap(filesBelow)]
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

/** Names, sizes and times of all sources: a millisecond a hundred files, where reading them would be ten. */
function fingerprint() {
  const hash = createHash('sha256')
  for (const file of sources()) {
    const { size, mtimeMs } = statSync(file)
    hash.update(`${file}\0${size}\0${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runSetup([() => withLock('build', build)])
}
