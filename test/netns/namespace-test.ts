// Tests that need network namespaces: where those cannot be made they fail in CI, and elsewhere are left out with
// the reason in their name.
import { test } from '@jest/globals'
import { canMakeNamespaces } from './network.ts'

const reason = canMakeNamespaces()

/** A jest test of `body`; `timeoutMs` as in jest. */
export function namespaceTest(name: string, body: () => Promise<void>, timeoutMs = 30_000): void {
  if (reason === null) {
    test(name, body, timeoutMs)
  } else if (process.env.CI === undefined || process.env.CI === '') {
    test.skip(`${name} (left out: ${reason})`, body)
  } else {
    test(name, () => {
      throw new Error(`network namespaces cannot be made, and CI is set: ${reason}`)
    })
  }
}
