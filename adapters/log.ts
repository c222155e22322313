// How adapters say what happens to them: whoever builds one decides where the lines go.

/** How much a line matters: `error` is for an operator at once, `debug` for whoever looks for a fault. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/** Takes one line: a constant lower-case message, and its data in fields. */
export type Log = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void

/** Drops every line. */
export const NO_LOG: Log = () => undefined
