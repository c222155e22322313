// Work on many keys, of which each asks Redis and waits.

/** So many wait for an answer at once: enough that Redis is never idle. */
const AT_ONCE = 8

/** Does all of them, some at a time, begun in order. Rejects with the first error when those under way have ended. */
export async function severalAtOnce<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]()
  let hasFailed = false
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let next = left.next(); next.done !== true && !hasFailed; next = left.next()) {
      try {
        await work(next.value)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  })
  const outcomes = await Promise.allSettled(workers)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
