// What every kafkajs client of ours has in common: its settings, where its log lines go, how its errors read.
import { Kafka, type LogEntry, logLevel } from 'kafkajs'
import { type ErrorCode, StormpetrelError } from '../../core/errors.ts'
import type { Log, LogLevel } from '../log.ts'
import { installProduceRequest } from './produce-request.ts'
import { installQuietQueue } from './quiet-queue.ts'

/** What every client of one bus shares. */
export interface KafkaConnection {
  /** Bootstrap servers, host:port each. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly log: Log
}

/**
 * kafkajs's own retries, about five seconds in all: it nests them, so that many would wait for ever. What may take
 * longer is tried again by the callers, who know for how long.
 */
const RETRY = { initialRetryTime: 200, multiplier: 2, maxRetryTime: 2000, retries: 4 } as const

/** Longest a request may wait for the broker. */
const REQUEST_TIMEOUT_MS = 30_000

/** A new client. Each consumer gets its own: clients of one instance share the committed offsets of a group. */
export function createKafka({ brokers, clientId, log }: KafkaConnection): Kafka {
  installProduceRequest()
  installQuietQueue()
  return new Kafka({
    brokers: [...brokers],
    clientId,
    retry: RETRY,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 5000,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => log(levelOf(entry), 'kafkajs', fieldsOf(entry))
  })
}

function levelOf({ level }: LogEntry): LogLevel {
  // What kafkajs calls an error is mostly a try that is followed by another; what is final is thrown.
  if (level <= logLevel.WARN) return 'warn'
  return level === logLevel.INFO ? 'info' : 'debug'
}

function fieldsOf({ namespace, log }: LogEntry): Record<string, unknown> {
  const { logger: _name, timestamp: _time, stack: _stack, message: says, error, ...fields } = log
  return { namespace, says, ...fields, ...(error === undefined ? {} : { error: messageOf(error) }) }
}

/** True where the same request may succeed later, as far as kafkajs knows. */
export function mayPass(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('retriable' in cause && cause.retriable === true) return true
    // The broker went away in the middle of a request; kafkajs leaves the flag out where it wraps this one.
    if (cause.name === 'KafkaJSConnectionError' || cause.name === 'KafkaJSNoBrokerAvailableError') return true
  }
  return false
}

/** The broker's name of the error, such as UNKNOWN_TOPIC_OR_PARTITION, undefined where it said none. */
export function errorType(error: unknown): string | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && typeof cause.type === 'string') return cause.type
  }
  return undefined
}

/** What a broker answers to a record that it will not take however often it is sent. */
const REFUSALS: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'CORRUPT_MESSAGE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT'
])

/** True where the broker refuses the records themselves, whoever sends them and whenever. */
export function isRefusedForGood(error: unknown): boolean {
  const type = errorType(error)
  return type !== undefined && REFUSALS.has(type)
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** One line with what, where and why, and what to do; our own errors pass as they are. */
export function kafkaError(
  { brokers }: Pick<KafkaConnection, 'brokers'>,
  what: string,
  error: unknown,
  code: ErrorCode = 'SP_KAFKA'
): StormpetrelError {
  if (error instanceof StormpetrelError) return error
  const advice = mayPass(error)
    ? 'see that the brokers run and can be reached from here'
    : "read the broker's log"
  return new StormpetrelError(
    code,
    `Kafka at ${brokers.join(', ')}: ${what} (${messageOf(error)}); ${advice}`,
    {
      cause: error
    }
  )
}
