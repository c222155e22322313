// The program's version, as package.json has it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../adapters/package-root.ts'

/** Such as `0.1.0`; read from disk at each call. */
export function programVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
