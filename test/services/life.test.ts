import { expect, test } from '@jest/globals'
import { type Part, withParts } from '../../services/life.ts'

function part(name: string, events: string[], fault: { start?: boolean; stop?: boolean } = {}): Part {
  return {
    start: async () => {
      events.push(`start ${name}`)
      if (fault.start === true) throw new Error(`${name} did not start`)
    },
    stop: async () => {
      events.push(`stop ${name}`)
      if (fault.stop === true) throw new Error(`${name} did not stop`)
    }
  }
}

test('parts start in order and stop in reverse', async () => {
  const events: string[] = []

  const result = await withParts([part('a', events), part('b', events)], async () => 7)

  expect(result).toBe(7)
  expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a'])
})

test('a part that does not start has those before it stopped, and itself', async () => {
  const events: string[] = []
  const parts = [part('a', events), part('b', events, { start: true }), part('c', events)]

  await expect(withParts(parts, async () => 7)).rejects.toThrow('b did not start')

  expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a'])
})

test('a part that does not stop leaves no other open, and hides no earlier error', async () => {
  const events: string[] = []
  const parts = [part('a', events), part('b', events, { stop: true })]

  await expect(withParts(parts, async () => 7)).rejects.toThrow('b did not stop')
  await expect(withParts(parts, () => Promise.reject(new Error('body')))).rejects.toThrow('body')

  expect(events.filter((event) => event === 'stop a')).toHaveLength(2)
})
