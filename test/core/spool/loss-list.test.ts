import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { DeclaredLoss } from '../../../core/batch/raw-batch.ts'
import { withLoss, withoutLosses } from '../../../core/spool/loss-list.ts'

function dropOf(number: number, lane = 0): DeclaredLoss {
  return { epoch: 'e', lane, from: number, to: number, frames: number, kind: 'spool-drop' }
}

describe('a list of losses', () => {
  test('joins adjacent ranges of a lane in whatever order they come, and no others', () => {
    const drops = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(1)), {
      selector: ([number, lane]) => `${number} ${lane}`
    })
    fc.assert(
      fc.property(drops, (given) => {
        let losses: DeclaredLoss[] = []
        for (const [number, lane] of given) losses = withLoss(losses, dropOf(number, lane))

        const covered = losses.flatMap(({ lane, from, to }) =>
          Array.from({ length: to - from + 1 }, (_, i) => `${from + i} ${lane}`)
        )
        expect(covered.sort()).toEqual(given.map(([number, lane]) => `${number} ${lane}`).sort())
        for (const { lane, from, to, frames } of losses) {
          expect(losses.some((other) => other.lane === lane && other.from === to + 1)).toBe(false)
          expect(frames).toBe(((from + to) * (to - from + 1)) / 2)
        }
      })
    )
  })

  test('keeps what was not declared', () => {
    const end: DeclaredLoss = { epoch: 'd', lane: 0, from: 4, to: 0, frames: 9, kind: 'epoch-end' }
    const losses = withLoss([end], dropOf(1))

    expect(withoutLosses(losses, [dropOf(1)])).toEqual([end])
    expect(withoutLosses(losses, [{ ...dropOf(1), to: 2 }])).toEqual(losses)
  })
})
