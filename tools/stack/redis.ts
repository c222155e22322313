import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { findFreePort } from './free-port.ts'
import { openPartFolder, Part, type PartFolder } from './part.ts'
import { ServerProcess } from './server-process.ts'

/** Every setting has a default. */
export interface RedisOptions {
  /** Kept after stop(); a temporary folder otherwise. */
  readonly folder?: string
  /** A free one otherwise. */
  readonly port?: number
  /** Whether data outlives the process, in an append-only file; true by default. */
  readonly isAppendOnly?: boolean
  /** More arguments of redis-server, such as `--maxmemory 50mb`. */
  readonly args?: readonly string[]
}

/** Redis, as {@link startRedis} gives it. */
export class Redis extends Part {
  readonly port: number
  /** `redis://127.0.0.1:PORT`. */
  readonly url: string

  constructor(servers: readonly ServerProcess[], folder: PartFolder, port: number) {
    super(servers, folder)
    this.port = port
    this.url = `redis://127.0.0.1:${port}`
  }
}

/** The first argument is the folder, the others are those of redis-server. */
const MENDED_SERVER = `
manifest="$1/appendonlydir/appendonly.aof.manifest"
shift
if [ -e "$manifest" ]; then yes | redis-check-aof --fix "$manifest"; fi
exec redis-server "$@"`

const execute = promisify(execFile)

/** Starts the system's redis-server (7 or newer) and resolves when it answers PING, its data loaded. */
export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  await checkVersion()
  const port = options.port ?? (await findFreePort())
  const folder = openPartFolder('redis', options.folder)
  const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder.path]
  const appendOnly = (options.isAppendOnly ?? true) ? 'yes' : 'no'
  const server = new ServerProcess({
    name: 'redis',
    folder: folder.path,
    temporaryFolder: folder.isTemporary ? folder.path : undefined,
    // A torn append-only file is mended before Redis reads it: with aof-load-truncated Redis cuts it behind a transaction
    // that it has not carried out, and carries that out together with the next one at the start after this.
    command: 'sh',
    args: [
      '-c',
      MENDED_SERVER,
      'redis-server',
      folder.path,
      ...place,
      '--daemonize',
      'no',
      '--save',
      '',
      '--appendonly',
      appendOnly,
      '--aof-load-truncated',
      'no',
      ...(options.args ?? [])
    ],
    readyLimitMs: 30_000,
    stopLimitMs: 10_000,
    checkReady: () => checkPing(port)
  })
  const redis = new Redis([server], folder, port)
  await redis.start()
  return redis
}

async function checkVersion(): Promise<void> {
  const remedy = 'install Redis 7 or newer (Debian, Ubuntu: sudo apt-get install -y redis-server)'
  try {
    const { stdout } = await execute('redis-server', ['--version'])
    const major = Number(/v=(\d+)\./.exec(stdout)?.[1])
    if (!(major >= 7)) throw new Error(`redis-server is too old: ${stdout.trim()}`)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}; ${remedy}`, { cause: error })
  }
}

/** While Redis reads its append-only file it answers -LOADING, which is not ready. */
async function checkPing(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    socket.write('PING\r\n')
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(2000) })) as [Buffer]
    if (answer.toString() !== '+PONG\r\n') throw new Error(`redis answers ${answer.toString().trim()}`)
  } finally {
    socket.destroy()
  }
}
