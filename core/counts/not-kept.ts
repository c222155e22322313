// What the live store can answer, said wherever a question is refused.
import { StormpetrelError } from '../errors.ts'

const ANSWERS =
  'the live store answers --by port, region, asn, tag, protocol, port,protocol, port,tag or region,tag (or none), with ' +
  '--where on the same keys and on vantage; by sensor for the newest 6 hours; --sources for hours and days; ' +
  'captures (FILE...) answer every combination'

/** SP_QUESTION_NOT_KEPT: what is not kept, and what is. */
export function notKept(what: string): StormpetrelError {
  return new StormpetrelError('SP_QUESTION_NOT_KEPT', `${what}: not kept; ${ANSWERS}`)
}
