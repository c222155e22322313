// What a detector waits out: a store or a broker that is away, and a store that nobody has made yet.
import { type ErrorCode, StormpetrelError } from '../../core/errors.ts'

const PASSING: ReadonlySet<ErrorCode> = new Set(['SP_REDIS', 'SP_REDIS_FULL', 'SP_KAFKA', 'SP_STORE_EMPTY'])

/** Whether the same is worth trying again, without anybody doing anything about the detector. */
export function isPassing(error: unknown): error is StormpetrelError {
  return error instanceof StormpetrelError && PASSING.has(error.code)
}
