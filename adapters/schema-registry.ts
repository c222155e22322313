// The schema registry (Confluent API). Looking up the id of a schema of ours is one plain request, so that a sensor
// starts without the registry's client; everything else goes through it. Never called once per message.
import { setTimeout as sleep } from 'node:timers/promises'
import type { SchemaRegistryClient } from '@confluentinc/schemaregistry'
import type { TopicName } from '../core/bus.ts'
import { StormpetrelError } from '../core/errors.ts'
import { type Log, NO_LOG } from './log.ts'
import { lookUpSchemaId } from './schema-registry/look-up.ts'

/** The compatibility that every subject has: any version reads any other, so that topics outlive deployments. */
export const COMPATIBILITY = 'FULL_TRANSITIVE'

/** Where the registry is. */
export interface SchemaRegistryOptions {
  /** Base URL of the Confluent API, such as http://127.0.0.1:8081; user:password@ before the host where needed. */
  readonly url: string
  readonly log?: Log
}

/** The subject of a topic's values. */
export function subjectOf(prefix: string, topic: TopicName): string {
  return `${prefix}${topic}-value`
}

const RETRY_AFTER_MS = 1000
const SAY_SO_EVERY_MS = 10_000
/** A denial is believed this long: garbage does not flood the registry, and a replica that lags is asked again. */
const DENIAL_FOR_MS = 10_000
const MAX_DENIALS = 10_000
const REQUEST_TIMEOUT_MS = 10_000

/** Inert until called; holds nothing that has to be ended. */
export class SchemaRegistry {
  readonly #url: string
  readonly #log: Log
  readonly #schemas = new Map<number, string>()
  readonly #denials = new Map<number, number>()
  #client: Promise<SchemaRegistryClient> | undefined

  constructor({ url, log = NO_LOG }: SchemaRegistryOptions) {
    this.#url = url
    this.#log = log
  }

  /** The id of exactly this schema under the subject, null where it is not registered. Throws SP_REGISTRY. */
  schemaId(subject: string, schema: string): Promise<number | null> {
    return lookUpSchemaId(this.#url, subject, schema, REQUEST_TIMEOUT_MS)
  }

  /** As schemaId; a registry that does not answer is waited for so long, and that is said every 10 s. */
  async awaitSchemaId(
    subject: string,
    schema: string,
    patienceMs: number,
    signal: AbortSignal
  ): Promise<number | null> {
    const untilMs = performance.now() + patienceMs
    let saidAt = Number.NEGATIVE_INFINITY
    for (;;) {
      try {
        return await this.schemaId(subject, schema)
      } catch (error) {
        if (signal.aborted || performance.now() + RETRY_AFTER_MS > untilMs) throw error
        if (performance.now() - saidAt > SAY_SO_EVERY_MS) {
          saidAt = performance.now()
          this.#log('warn', 'schema registry does not answer, waiting', { subject, error: messageOf(error) })
        }
      }
      // The signal ends the wait; the next try then says why there is no answer.
      await sleep(RETRY_AFTER_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  /**
   * The schema that values with this id were written with, null where the registry denies the id. While the registry
   * does not answer this waits, for hours if need be, and says so every 10 s: a value is never refused for that.
   * Rejects only when the signal ends the wait.
   */
  async writerSchema(subject: string, schemaId: number, signal: AbortSignal): Promise<string | null> {
    let saidAt = Number.NEGATIVE_INFINITY
    while (true) {
      const known = this.#schemas.get(schemaId)
      if (known !== undefined) return known
      if (performance.now() < (this.#denials.get(schemaId) ?? 0)) return null
      try {
        const client = await this.#connect()
        const { schema } = await client.getBySubjectAndId(subject, schemaId)
        this.#schemas.set(schemaId, schema)
        return schema
      } catch (error) {
        if (statusOf(error) === 404) {
          this.#deny(schemaId)
          return null
        }
        if (performance.now() - saidAt > SAY_SO_EVERY_MS) {
          saidAt = performance.now()
          this.#log('warn', 'schema registry does not answer, waiting', {
            subject,
            schemaId,
            error: messageOf(error)
          })
        }
      }
      await sleep(RETRY_AFTER_MS, undefined, { signal })
    }
  }

  /** Registers the schema and gives its id. Throws SP_REGISTRY, also where it is not compatible with an earlier one. */
  async register(subject: string, schema: string): Promise<number> {
    return await this.#ask(`registering ${subject}`, (client) =>
      client.register(subject, { schema, schemaType: 'AVRO' })
    )
  }

  /** The subject's compatibility, null where none was set for it or it does not exist yet. Throws SP_REGISTRY. */
  async compatibility(subject: string): Promise<string | null> {
    return await this.#ask(`reading the compatibility of ${subject}`, async (client) => {
      try {
        return await client.getCompatibility(subject)
      } catch (error) {
        if (statusOf(error) === 404) return null
        throw error
      }
    })
  }

  /** Sets the subject's compatibility to FULL_TRANSITIVE. Throws SP_REGISTRY. */
  async setCompatibility(subject: string): Promise<void> {
    await this.#ask(`setting the compatibility of ${subject}`, async (client) => {
      const { Compatibility } = await import('@confluentinc/schemaregistry')
      await client.updateCompatibility(subject, Compatibility.FULL_TRANSITIVE)
    })
  }

  /** Deletes the subject with all its versions, for good; nothing happens where there is none. Throws SP_REGISTRY. */
  async deleteSubject(subject: string): Promise<void> {
    await this.#ask(`deleting ${subject}`, async (client) => {
      // A subject is deleted for good only after it is marked as deleted; some registries do both at once.
      for (const isForGood of [false, true]) {
        try {
          await client.deleteSubject(subject, isForGood)
        } catch (error) {
          if (statusOf(error) !== 404) throw error
        }
      }
    })
  }

  async #ask<T>(what: string, request: (client: SchemaRegistryClient) => Promise<T>): Promise<T> {
    try {
      return await request(await this.#connect())
    } catch (error) {
      throw this.#failure(`failed at ${what}: ${messageOf(error)}`, adviceFor(statusOf(error)), error)
    }
  }

  #failure(what: string, advice: string, cause?: unknown): StormpetrelError {
    return new StormpetrelError(
      'SP_REGISTRY',
      `the schema registry at ${withoutPassword(this.#url)} ${what}; ${advice}`,
      { cause }
    )
  }

  /** The client takes two thirds of a second to load, so nobody loads it before it is needed. */
  #connect(): Promise<SchemaRegistryClient> {
    this.#client ??= import('@confluentinc/schemaregistry').then(({ SchemaRegistryClient }) => {
      const { username, password, href } = new URL(this.#url)
      const credentials =
        username === ''
          ? {}
          : {
              basicAuthCredentials: {
                credentialsSource: 'USER_INFO' as const,
                userInfo: `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
              }
            }
      return new SchemaRegistryClient({
        baseURLs: [withoutUser(href)],
        maxRetries: 1,
        createAxiosDefaults: { timeout: REQUEST_TIMEOUT_MS },
        ...credentials
      })
    })
    return this.#client
  }

  #deny(schemaId: number): void {
    if (this.#denials.size >= MAX_DENIALS) this.#denials.clear()
    this.#denials.set(schemaId, performance.now() + DENIAL_FOR_MS)
  }
}

/** The HTTP status in the client's RestError, undefined where there was no answer. */
function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function adviceFor(status: number | undefined): string {
  if (status === undefined) return 'start it, or mend its URL'
  if (status === 409) return 'give every added or removed field a default, and change no type'
  if (status === 401 || status === 403) return 'mend the user and password in its URL'
  return 'read its log'
}

function withoutUser(url: string): string {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare.href.replace(/\/$/, '')
}

function withoutPassword(url: string): string {
  return URL.canParse(url) ? withoutUser(url) : url
}
