import path from 'node:path'
import { findJars, findJava } from './checkout.ts'
import { findFreePort } from './free-port.ts'
import { openPartFolder, Part, type PartFolder } from './part.ts'
import { expectOk } from './ready-page.ts'
import { ServerProcess } from './server-process.ts'

/** Every setting has a default. */
export interface RegistryOptions {
  /** Kept after stop(); a temporary folder otherwise. */
  readonly folder?: string
  /** A free one otherwise. */
  readonly port?: number
  /** Apicurio's own settings (`apicurio.…`, `quarkus.…`), as Java system properties. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Apicurio Registry, as {@link startRegistry} gives it. */
export class Registry extends Part {
  /** Base URL of its Confluent API, for any client of that. */
  readonly url: string

  constructor(servers: readonly ServerProcess[], folder: PartFolder, url: string) {
    super(servers, folder)
    this.url = url
  }
}

const MIN_JAVA = 21

/** Starts the schema registry and resolves when it says that it is ready and its Confluent API answers. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const [java, jars, managementPort] = await Promise.all([findJava(MIN_JAVA), findJars(), findFreePort()])
  const port = options.port ?? (await findFreePort())
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  const folder = openPartFolder('registry', options.folder)
  const settings = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': `${port}`,
    'quarkus.management.host': '127.0.0.1',
    'quarkus.management.port': `${managementPort}`,
    // Its default store is in memory and forgets every schema at a restart. H2 delays writes by 500 ms unless told.
    'apicurio.storage.kind': 'sql',
    'apicurio.storage.sql.kind': 'h2',
    'apicurio.datasource.url': `jdbc:h2:file:${path.join(folder.path, 'registry')};WRITE_DELAY=0`,
    // One line a request would be most of the log.
    'quarkus.http.access-log.enabled': 'false',
    ...options.settings
  }
  const properties = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`)
  const server = new ServerProcess({
    name: 'registry',
    folder: folder.path,
    temporaryFolder: folder.isTemporary ? folder.path : undefined,
    command: java,
    args: [
      '-Xmx384m',
      '-XX:+UseSerialGC',
      ...properties,
      '-jar',
      path.join(jars.registry, 'quarkus-run.jar')
    ],
    readyLimitMs: 90_000,
    stopLimitMs: 20_000,
    checkReady: async () => {
      await expectOk(`http://127.0.0.1:${managementPort}/health/ready`)
      await expectOk(`${url}/subjects`)
    }
  })
  const registry = new Registry([server], folder, url)
  await registry.start()
  return registry
}
