// The one table of settings. `--help`, docs/configuration.md and every service read it; a name is typed once.
import { StormpetrelError } from './errors.ts'
import { DEFAULT_RETENTION } from './store/retention.ts'
import { DEFAULT_SURGE_SETTINGS } from './surges/settings.ts'
import { DEFAULT_PAGES_PER_QUARTER } from './surges/stories.ts'
import { resolveTimeZone } from './windows/time-zone.ts'

/** How a setting's text becomes its value. */
interface Setting<T> {
  /** Environment variable; always STORMPETREL_ and the name in capitals. */
  readonly env: string
  readonly unit: string
  readonly doc: string
  readonly fallback: T
  /** Throws StormpetrelError where the text is no value of this setting. */
  readonly parse: (text: string, env: string) => T
}

function mistake(env: string, text: string, wanted: string): StormpetrelError {
  return new StormpetrelError(
    'SP_CONFIGURATION',
    `${env}: '${text}' is not ${wanted}; correct it or leave it out for the default`
  )
}

function text(env: string, fallback: string, doc: string): Setting<string> {
  return { env, unit: 'text', doc, fallback, parse: (value) => value }
}

function url(env: string, fallback: string, doc: string): Setting<string> {
  const parse = (value: string) => {
    if (URL.canParse(value)) return value
    throw mistake(env, value, 'a URL such as http://127.0.0.1:8081')
  }
  return { env, unit: 'URL', doc, fallback, parse }
}

function optionalText(env: string, doc: string): Setting<string | null> {
  return { env, unit: 'path', doc, fallback: null, parse: (value) => value }
}

type Bounds = readonly [number, number]

function integer(env: string, fallback: number, unit: string, bounds: Bounds, doc: string): Setting<number> {
  return { env, unit, doc, fallback, parse: numberParser('a whole number', /^\d+$/, bounds) }
}

function decimal(env: string, fallback: number, unit: string, bounds: Bounds, doc: string): Setting<number> {
  return { env, unit, doc, fallback, parse: numberParser('a number', /^\d+(\.\d+)?$/, bounds) }
}

/** Reads a text that is written so and lies within the bounds, both inclusive. */
function numberParser(kind: string, written: RegExp, [least, most]: Bounds): Setting<number>['parse'] {
  return (value, env) => {
    const number = Number(value)
    if (written.test(value) && number >= least && number <= most) return number
    throw mistake(env, value, `${kind} from ${least} to ${most}`)
  }
}

function choice<T extends string>(env: string, fallback: T, choices: readonly T[], doc: string): Setting<T> {
  const parse = (value: string) => {
    const chosen = choices.find((each) => each === value)
    if (chosen !== undefined) return chosen
    throw mistake(env, value, `one of ${choices.join(', ')}`)
  }
  return { env, unit: choices.join(' or '), doc, fallback, parse }
}

function list(
  env: string,
  fallback: readonly string[],
  doc: string,
  parseItem: (item: string) => string
): Setting<readonly string[]> {
  const parse = (value: string) => {
    const items = value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
    return [...new Set(items.map(parseItem))]
  }
  return { env, unit: 'list, by commas', doc, fallback, parse }
}

function broker(item: string): string {
  if (/^(\[[0-9a-f:]+\]|[^\s:]+):\d{1,5}$/i.test(item)) return item
  throw mistake('STORMPETREL_KAFKA_BROKERS', item, 'host:port')
}

function zone(item: string): string {
  const resolved = resolveTimeZone(item)
  if (resolved !== null) return resolved
  throw mistake('STORMPETREL_DAY_TIME_ZONES', item, "an IANA time zone such as 'Asia/Tokyo'")
}

/** Kafka takes topic names of up to 249 characters; the longest is `replay.<run of 40>.packets.rejected`. */
const PREFIX_LENGTH = 249 - 64

function prefix(value: string, env: string): string {
  if (/^[A-Za-z0-9._-]*$/.test(value) && value.length <= PREFIX_LENGTH) return value
  throw mistake(env, value, `letters, digits, '.', '_' and '-', at most ${PREFIX_LENGTH}`)
}

const PORT: readonly [number, number] = [0, 65_535]

/** Every setting. */
export const SETTINGS = {
  kafkaBrokers: list('STORMPETREL_KAFKA_BROKERS', ['127.0.0.1:9092'], 'Kafka brokers to begin with.', broker),
  registryUrl: url(
    'STORMPETREL_REGISTRY_URL',
    'http://127.0.0.1:8081',
    'Schema registry with the Confluent API.'
  ),
  redisUrl: text(
    'STORMPETREL_REDIS_URL',
    'redis://127.0.0.1:6379',
    'Redis, as redis:// or rediss:// with user, password and database where needed; several by commas are nodes of a cluster.'
  ),
  topicPrefix: {
    ...text(
      'STORMPETREL_TOPIC_PREFIX',
      '',
      'Put in front of every topic: letters, digits, `.`, `_` and `-`, at most 185.'
    ),
    parse: prefix
  },
  partitions: integer(
    'STORMPETREL_PARTITIONS',
    4,
    'partitions',
    [1, 1024],
    'Partitions of packets.raw and packets.enriched that `check --apply` makes.'
  ),
  replicationFactor: integer(
    'STORMPETREL_REPLICATION_FACTOR',
    0,
    'replicas',
    [0, 9],
    'Replicas of each topic that `check --apply` makes; 0 takes as many as there are brokers, at most 3.'
  ),
  topicRetentionHours: integer(
    'STORMPETREL_TOPIC_RETENTION_HOURS',
    168,
    'hours',
    [1, 87_600],
    'How long topics keep records.'
  ),
  sensorsFile: optionalText(
    'STORMPETREL_SENSORS_FILE',
    'sensors.yaml; without it everything belongs to sensor `local` and vantage `all`.'
  ),
  regionDatabase: optionalText(
    'STORMPETREL_REGION_DATABASE',
    'An MMDB file for regions; without it the CC0 data that are installed with the package.'
  ),
  asnDatabase: optionalText(
    'STORMPETREL_ASN_DATABASE',
    'An MMDB or CSV file for AS numbers; without it those of npm package @ip-location-db/asn, where installed.'
  ),
  cacheFolder: optionalText(
    'STORMPETREL_CACHE_FOLDER',
    'Where tables built from geo databases are kept; without it $XDG_CACHE_HOME/stormpetrel or ~/.cache/stormpetrel.'
  ),
  dayTimeZones: list(
    'STORMPETREL_DAY_TIME_ZONES',
    [],
    'Time zones whose days are counted besides UTC; one that is added later is kept from its next whole day on.',
    zone
  ),
  slots: integer(
    'STORMPETREL_SLOTS',
    1,
    'slots',
    [1, 1024],
    'Parts that the store is divided into; fixed when the store is made (a run keeps its own). Fewer take less memory; a ' +
      'Redis Cluster needs several a master.'
  ),
  minuteRetentionHours: integer(
    'STORMPETREL_MINUTE_RETENTION_HOURS',
    DEFAULT_RETENTION.minuteHours,
    'hours',
    [25, 8760],
    'How long minutes are kept after their end; aggregators write it at their start, all of them must have the same.'
  ),
  hourRetentionDays: integer(
    'STORMPETREL_HOUR_RETENTION_DAYS',
    DEFAULT_RETENTION.hourDays,
    'days',
    [1, 3660],
    'How long hours are kept after their end; aggregators write it at their start, all of them must have the same.'
  ),
  dayRetentionDays: integer(
    'STORMPETREL_DAY_RETENTION_DAYS',
    DEFAULT_RETENTION.dayDays,
    'days',
    [2, 36_600],
    'How long days are kept after their end; aggregators write it at their start, all of them must have the same.'
  ),
  flushIntervalMs: integer(
    'STORMPETREL_FLUSH_INTERVAL_MS',
    200,
    'milliseconds',
    [1, 60_000],
    'Longest time between two flushes of the aggregator while records wait.'
  ),
  flushPackets: integer(
    'STORMPETREL_FLUSH_PACKETS',
    500_000,
    'packets',
    [1, 100_000_000],
    'A flush starts at once when this many packets wait.'
  ),
  batchAgeMs: integer(
    'STORMPETREL_BATCH_AGE_MS',
    1000,
    'milliseconds',
    [10, 600_000],
    'A live batch is closed after this long, full or not.'
  ),
  spoolAgeHours: integer(
    'STORMPETREL_SPOOL_AGE_HOURS',
    72,
    'hours',
    [1, 8760],
    'Longest that a batch may wait at its sensor; older ones are rejected (`clock`).'
  ),
  spoolFolder: optionalText(
    'STORMPETREL_SPOOL_FOLDER',
    'Where sensors keep what was not acknowledged yet, a folder a sensor, on a local disk; without it $XDG_STATE_HOME/stormpetrel/spool or ~/.local/state/stormpetrel/spool.'
  ),
  spoolSizeMib: integer(
    'STORMPETREL_SPOOL_SIZE_MIB',
    1024,
    'MiB',
    [1, 1_048_576],
    'Largest size of one spool.'
  ),
  spoolFull: choice<'drop-oldest' | 'drop-newest'>(
    'STORMPETREL_SPOOL_FULL',
    'drop-oldest',
    ['drop-oldest', 'drop-newest'],
    'What a full spool drops, as a declared gap. Files wait instead while the brokers answer.'
  ),
  followSettleSeconds: decimal(
    'STORMPETREL_FOLLOW_SETTLE_SECONDS',
    5,
    'seconds',
    [0, 86_400],
    '`sensor --follow` reads a file once its size and time have not changed for this long; 0 where files are renamed into the folder.'
  ),
  heartbeatSeconds: decimal(
    'STORMPETREL_HEARTBEAT_SECONDS',
    10,
    'seconds',
    [0.1, 3600],
    'A live sensor that captures nothing for this long sends an empty batch: its silence is that of the network.'
  ),
  stopSeconds: decimal(
    'STORMPETREL_STOP_SECONDS',
    10,
    'seconds',
    [0, 3600],
    'How long a service that is told to end tries to finish: a sensor to send what is spooled, a tagger or aggregator what it holds; the rest waits for its next start.'
  ),
  kafkaPatienceSeconds: integer(
    'STORMPETREL_KAFKA_PATIENCE_SECONDS',
    120,
    'seconds',
    [5, 3600],
    'How long the brokers may be away, or a consumer without a sign of life, before a service ends with exit code 1; a consumer that reads nothing of what waits for it ends it after twice that.'
  ),
  detectorIntervalSeconds: decimal(
    'STORMPETREL_DETECTOR_INTERVAL_SECONDS',
    60,
    'seconds',
    [0.1, 3600],
    'How often the detector looks at the store; another one takes over when it was not heard of for three times that.'
  ),
  surgeFalseAlarms: decimal(
    'STORMPETREL_SURGE_FALSE_ALARMS',
    DEFAULT_SURGE_SETTINGS.falseAlarms,
    'a series and quarter',
    [0.0001, 10],
    'False alarms that the detector may raise in a series and quarter, however many series there are; fewer are later alarms.'
  ),
  surgePagesPerQuarter: decimal(
    'STORMPETREL_SURGE_PAGES_PER_QUARTER',
    DEFAULT_PAGES_PER_QUARTER,
    'pages a quarter',
    [0.001, 10_000],
    'Pages that may come out of nothing in a quarter, over all series together; what is less sure is a notice.'
  ),
  surgeSmallestRatio: decimal(
    'STORMPETREL_SURGE_SMALLEST_RATIO',
    DEFAULT_SURGE_SETTINGS.smallestRatio,
    'times the baseline',
    [1, 100],
    'A rise to less than this is no surge, however sure.'
  ),
  surgeSmallestCount: integer(
    'STORMPETREL_SURGE_SMALLEST_COUNT',
    DEFAULT_SURGE_SETTINGS.smallestCount,
    'sources',
    [1, 1_000_000],
    'Fewer sources than this are no surge, and a series with fewer in every hour is not watched.'
  ),
  httpHost: text('STORMPETREL_HTTP_HOST', '127.0.0.1', 'Address that `up` listens on.'),
  httpPort: integer(
    'STORMPETREL_HTTP_PORT',
    7080,
    'port',
    PORT,
    'Port that `up` listens on; 0 takes a free one.'
  ),
  metricsHost: text(
    'STORMPETREL_METRICS_HOST',
    '127.0.0.1',
    'Address on which the other services serve /metrics, /healthz and /readyz.'
  ),
  metricsPort: integer(
    'STORMPETREL_METRICS_PORT',
    9464,
    'port',
    PORT,
    'Port of the same; 0 takes a free one.'
  )
} as const satisfies Record<string, Setting<unknown>>

/** The settings of a process, parsed and checked. */
export type Configuration = {
  readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]['fallback']
}

/**
 * Reads every setting. Throws SP_CONFIGURATION, naming the variable, at the first that is wrong, and for names that are
 * no setting.
 */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const known = new Set(Object.values(SETTINGS).map(({ env }) => env))
  for (const name of Object.keys(environment)) {
    if (name.startsWith('STORMPETREL_') && !known.has(name)) {
      throw new StormpetrelError(
        'SP_CONFIGURATION',
        `${name} is no setting; 'stormpetrel --help' lists them all`
      )
    }
  }
  const entries = Object.entries(SETTINGS).map(([name, setting]) => {
    const value = environment[setting.env]
    return [name, value === undefined || value === '' ? setting.fallback : setting.parse(value, setting.env)]
  })
  return Object.fromEntries(entries) as Configuration
}

/** The table as lines of docs/configuration.md or of `--help`: variable, default, unit, doc. */
export function settingRows(): { env: string; fallback: string; unit: string; doc: string }[] {
  return Object.values(SETTINGS).map(({ env, fallback, unit, doc }) => {
    const shown = fallback === null ? '' : Array.isArray(fallback) ? fallback.join(',') : String(fallback)
    return { env, fallback: shown, unit, doc }
  })
}
