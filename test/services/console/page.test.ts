import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { expect, test } from '@jest/globals'

const SCRIPT = readFileSync(join(__dirname, '..', '..', '..', 'services', 'console', 'page.js'), 'utf8')

interface Page {
  /** Text by the id of its element. */
  readonly texts: Map<string, string>
  readonly refresh: () => Promise<void>
}

/** The page's script with as much of a browser as it needs to show texts; its first call of `fetch` waits for ever. */
function openPage(fetch: () => Promise<unknown>): Page {
  const texts = new Map<string, string>()
  let calls = 0
  const context = createContext({
    Intl,
    // The errors of the page's own world are those of this one.
    TypeError,
    SyntaxError,
    document: {
      getElementById: (id: string) => ({
        set textContent(text: string) {
          texts.set(id, text)
        }
      })
    },
    fetch: () => {
      calls += 1
      return calls === 1 ? new Promise(() => undefined) : fetch()
    },
    setInterval: () => 0
  })
  runInContext(SCRIPT, context)
  return { texts, refresh: runInContext('refresh', context) as () => Promise<void> }
}

test.each([
  ['no answer', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['half an answer', () => Promise.resolve({ json: () => Promise.reject(new SyntaxError('Unexpected end')) })]
])('%s is told on the page', async (_, fetch) => {
  const { texts, refresh } = openPage(fetch)

  await refresh()

  expect(texts.get('what')).toBe('stormpetrel does not answer; it may have been stopped')
})

test('a mistake of the page is not told as a service that does not answer', async () => {
  const { texts, refresh } = openPage(() => Promise.resolve({ json: () => Promise.resolve({ packets: 1 }) }))

  await expect(refresh()).rejects.toThrow()
  expect(texts.get('what')).toBeUndefined()
})
