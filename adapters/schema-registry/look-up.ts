// One request of the Confluent API: which id does this schema have. Without the registry's client, which takes two
// thirds of a second to load.
import { StormpetrelError } from '../../core/errors.ts'

/** Null where the subject or this schema of it is not registered. Throws SP_REGISTRY where there is no answer. */
export async function lookUpSchemaId(
  baseUrl: string,
  subject: string,
  schema: string,
  timeoutMs: number
): Promise<number | null> {
  if (!URL.canParse(baseUrl)) throw failure(baseUrl, 'is no URL; mend it')
  const url = new URL(baseUrl)
  const headers: Record<string, string> = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
  if (url.username !== '') {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`
    url.username = ''
    url.password = ''
  }
  const base = url.href.replace(/\/$/, '')
  try {
    const answer = await fetch(`${base}/subjects/${encodeURIComponent(subject)}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ schema, schemaType: 'AVRO' }),
      signal: AbortSignal.timeout(timeoutMs)
    })
    if (answer.status === 404) return null
    if (!answer.ok) throw failure(base, `answered ${answer.status} for subject ${subject}; read its log`)
    return idIn(await answer.json(), base)
  } catch (error) {
    if (error instanceof StormpetrelError) throw error
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw failure(base, `cannot be reached (${reason}); start it, or mend its URL`, error)
  }
}

function idIn(answer: unknown, base: string): number {
  if (typeof answer === 'object' && answer !== null && 'id' in answer && Number.isSafeInteger(answer.id)) {
    return answer.id as number
  }
  throw failure(base, 'gave no schema id: is it a schema registry with the Confluent API?')
}

function failure(url: string, what: string, cause?: unknown): StormpetrelError {
  return new StormpetrelError('SP_REGISTRY', `the schema registry at ${url} ${what}`, { cause })
}
