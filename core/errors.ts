// Every error that an operator must mend has one code here and one entry in docs/errors.md (a test compares both).

/** What went wrong, where, why and what to do: the code names the row of docs/errors.md. */
export const ERROR_CODES = {
  SP_USAGE: 'The command line is wrong: an unknown verb, option or value.',
  SP_CONFIGURATION: 'A configuration value is missing or out of its range.',
  SP_LISTEN: 'A service cannot listen on its address: it is taken, not allowed, or none of this machine.',
  SP_FILE_UNREADABLE: 'A file or folder cannot be opened or read.',
  SP_CAPTURE_UNKNOWN: 'A file is neither pcap nor pcapng, plain, gzip or zstd.',
  SP_CAPTURE_DAMAGED: 'A capture is damaged at an offset; every packet before it was used.',
  SP_LINK_TYPE_UNSUPPORTED: 'A capture has a link type that is not decoded.',
  SP_COMPRESSION_DAMAGED: 'The gzip or zstd stream of a capture is damaged; every packet before it was used.',
  SP_COUNTS_FILE: 'A file of hourly counts has a line that cannot be used, or lines out of order.',
  SP_SENSORS_FILE: 'sensors.yaml is not valid.',
  SP_SENSOR_UNKNOWN: 'A sensor id is not declared in sensors.yaml.',
  SP_GEO_DATABASE: 'A geo database cannot be read or has an unknown layout.',
  SP_LIVE_CAPTURE: 'tcpdump or dumpcap could not be started, or ended by itself.',
  SP_SPOOL: "A sensor's spool cannot be opened, read or written.",
  SP_SPOOL_LOCKED: 'The spool of this sensor is in use: the same sensor runs already.',
  SP_KAFKA: 'Kafka cannot be reached, or refused a request.',
  SP_REGISTRY: 'The schema registry cannot be reached, or refused a schema.',
  SP_REDIS: 'Redis cannot be reached, or refused a command.',
  SP_REDIS_FULL: 'Redis has no memory left and refuses to count; aggregators wait and lose nothing.',
  SP_REDIS_SETTINGS:
    'Redis is older than 7.0, evicts keys when its memory is full, or goes on with a torn append-only file: counts would be wrong.',
  SP_STORE_REFUSED:
    'A script of the store refused what it was given, or a key holds what no version wrote; nothing was changed.',
  SP_STORE_LAYOUT:
    'The counts of the store are divided by another number of slots, or another rule, than this service has; or another aggregator changed what is kept. Retentions and time zones may change: aggregators write them at their start.',
  SP_DETECTOR_RUNS: 'A surge detector judges the store that is to be changed.',
  SP_CAUSES_FILE: 'A table of known causes, or a list of exploited vulnerabilities, is not as it should be.',
  SP_NOTHING_TO_REPORT: 'There are no counts of the period that a report was asked for.',
  SP_SCENARIO_FILE: 'A scenario of synth is missing, or not as docs/scenarios.md describes.',
  SP_EXPORT_UNKNOWN: "A file that was to be imported is none of 'stormpetrel export'.",
  SP_STORE_EMPTY: 'No aggregator has worked on this store yet: there is nothing to answer from.',
  SP_TOPIC:
    'A topic is missing, ends before what was read from it, or has settings that the exactly-once rule cannot live with.',
  SP_NOT_DRAINED:
    'A service that was told to end could not finish in time what it held; it is read again at the next start, and counted once.',
  SP_RUN: 'A run exists with other settings, or does not exist.',
  SP_QUESTION_NOT_KEPT: 'The live store does not keep what was asked; captures can answer it.'
} as const

/** One of the codes, as docs/errors.md lists them. */
export type ErrorCode = keyof typeof ERROR_CODES

/** Thrown only for what a person must mend. The message is one line: what, where, why, what to do. */
export class StormpetrelError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StormpetrelError'
    this.code = code
  }
}
