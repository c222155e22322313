// Kafka and Apicurio Registry from Maven Central, by tools/stack/pom.xml, once a version, into .cache. As a
// command it prints where they lie, as JSON.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { CACHE, install, ROOT, runSetup, say, succeeds, withLock } from './project.mjs'

const POM = path.join(ROOT, 'tools/stack/pom.xml')

/** Folders of the two Java parts; downloads what is not there. */
export async function ensureJars() {
  const pom = readFileSync(POM, 'utf8')
  const version = (name) => new RegExp(`<${name}.version>([^<]+)<`).exec(pom)[1]
  const kafka = path.join(CACHE, 'kafka', version('kafka'))
  const registry = path.join(CACHE, 'apicurio', version('apicurio'))
  await ensureFolder(kafka, 'Apache Kafka', 'kafka', 'dependency:copy-dependencies', 'lib')
  await ensureFolder(registry, 'Apicurio Registry', 'registry', 'dependency:unpack-dependencies', '.')
  return { kafkaLib: path.join(kafka, 'lib'), registry }
}

/** The marker is written last and holds the pom, so that neither half a download nor an old list passes. */
async function ensureFolder(folder, title, profile, goal, inside) {
  const marker = path.join(folder, '.complete')
  const pom = readFileSync(POM, 'utf8')
  const isComplete = () => existsSync(marker) && readFileSync(marker, 'utf8') === pom
  if (isComplete()) return
  await withLock('maven', async () => {
    if (isComplete()) return
    say(`fetching ${title} ${path.basename(folder)} from Maven Central`)
    const fresh = `${folder}.new`
    rmSync(fresh, { recursive: true, force: true })
    mkdirSync(fresh, { recursive: true })
    const args = ['-q', '-B', '-ntp', '-Dstyle.color=never', '-f', POM, `-P${profile}`, goal]
    args.push(`-DoutputDirectory=${path.join(fresh, inside)}`, '-DincludeScope=runtime')
    // Otherwise the plugin remembers, in a target/ of its own, what it once unpacked, wherever that was.
    args.push(`-DmarkersDirectory=${path.join(fresh, '.markers')}`)
    // -U: Maven remembers a failed download and would not ask again.
    const attempt = (tries) => succeeds('mvn', tries > 1 ? [...args, '-U'] : args)
    await install(
      `mvn ${goal}`,
      attempt,
      `Is Maven installed and Maven Central reachable? mvn ${args.join(' ')}`
    )
    writeFileSync(path.join(fresh, '.complete'), pom)
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder)
  })
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runSetup([async () => console.log(JSON.stringify(await ensureJars()))])
}
