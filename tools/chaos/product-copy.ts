// A copy of the product with one check taken out of apply-slot.lua: a run that cannot fail proves nothing.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { checkoutFolder } from '../stack/checkout.ts'
import type { MissingCheck } from './options.ts'

/** The one line of the script that is each check. */
const CHECK_LINES: Readonly<Record<MissingCheck, string>> = {
  'seen-check': 'if #seen > 1 then return seen end\n',
  'offset-check': 'if behind then return behind end\n'
}
const COPIED = ['bin', 'dist', 'schemas', 'package.json', 'adapters/redis']

/** Copies the built product to the folder, without the check. Throws where the script has not that one line. */
export function copyWithout(check: MissingCheck, folder: string): void {
  const root = checkoutFolder()
  for (const name of COPIED) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  const script = path.join(folder, 'adapters/redis/apply-slot.lua')
  const parts = readFileSync(script, 'utf8').split(CHECK_LINES[check])
  if (parts.length !== 2) throw new Error(`apply-slot.lua does not have the line of the ${check} once`)
  writeFileSync(script, parts.join(''))
}
