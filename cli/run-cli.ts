// One call of `stormpetrel`: parses the command line, runs the verb, and answers the exit code.
import { CommanderError } from 'commander'
import { StormpetrelError } from '../core/errors.ts'
import { CliContext, type ExitCode, type Streams } from './context.ts'
import { buildProgram } from './program.ts'

/** `args` are those after the program's name. Never rejects. */
export async function runCli(
  args: readonly string[],
  streams: Streams,
  environment: Readonly<Record<string, string | undefined>>
): Promise<ExitCode> {
  const context = new CliContext(streams, environment)
  // A write to a closed pipe fails twice: to its writer, who ends quietly, and as an event, which would be fatal.
  for (const stream of [streams.stdout, streams.stderr]) stream.on('error', () => undefined)
  try {
    await buildProgram(context).parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) context.fail(error)
    else if (error.exitCode !== 0) context.fail(usageError(error, args))
  }
  return context.exitCode
}

/** What commander found wrong, as one of our errors. */
function usageError({ code, message }: CommanderError, args: readonly string[]): StormpetrelError {
  const text = code === 'commander.help' ? 'a verb is missing' : message.replace(/^error: /, '')
  const verb =
    args[0] !== undefined && /^[a-z]+$/.test(args[0]) && code !== 'commander.unknownCommand'
      ? ` ${args[0]}`
      : ''
  return new StormpetrelError('SP_USAGE', `${text}; see 'stormpetrel${verb} --help'`)
}
