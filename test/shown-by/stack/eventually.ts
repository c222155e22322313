import { setTimeout as delay } from 'node:timers/promises'

/** Asks again and again until the answer is right, and gives it; after the limit, throws with the last answer. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  limitMs = 60_000
): Promise<T> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const answer = await ask()
    if (isRight(answer)) return answer
    if (Date.now() > deadline)
      throw new Error(`not so after ${limitMs} ms: ${what}; it is ${JSON.stringify(answer)}`)
    await delay(25)
  }
}
