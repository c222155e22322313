// Loads the .lua files beside this one, and runs them by their SHA-1.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mastersOf, type RedisConnection } from './connection.ts'
import { packageRoot } from '../package-root.ts'

const SCRIPT_NAMES = [
  'apply-slot',
  'forget-starts',
  'mark-closing',
  'put-window',
  'read-closed',
  'replace-log',
  'roll-logs',
  'surge-forget',
  'surge-lease',
  'surge-save',
  'surge-sent',
  'swap-settings',
  'trim-offsets'
] as const

/** A script, by the name of its file. */
export type ScriptName = (typeof SCRIPT_NAMES)[number]

/** A script's text and its SHA-1, by which Redis knows it. */
interface Script {
  readonly text: string
  readonly sha: string
}

const scripts = new Map<ScriptName, Script>()

/** Makes every script known to Redis, so that calls sent one behind the other are answered in that order. */
export async function loadScripts(redis: RedisConnection): Promise<void> {
  await Promise.all(
    mastersOf(redis).flatMap((node) => SCRIPT_NAMES.map((name) => node.script('LOAD', script(name).text)))
  )
}

/**
 * Runs a script in one step; strings in its answer are text, or bytes. It is sent whole only where Redis does not know it
 * yet: a refused EVALSHA did nothing.
 */
export async function runScript(
  redis: RedisConnection,
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
  strings: 'text' | 'bytes' = 'text'
): Promise<unknown> {
  const method = strings === 'text' ? 'call' : 'callBuffer'
  const { sha, text } = script(name)
  const rest = [...keys, ...args]
  try {
    return await redis[method]('EVALSHA', [sha, keys.length, ...rest])
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return await redis[method]('EVAL', [text, keys.length, ...rest])
  }
}

function script(name: ScriptName): Script {
  let loaded = scripts.get(name)
  if (loaded === undefined) {
    const text = readFileSync(join(packageRoot(), 'adapters', 'redis', `${name}.lua`), 'utf8')
    loaded = { text, sha: createHash('sha1').update(text).digest('hex') }
    scripts.set(name, loaded)
  }
  return loaded
}
