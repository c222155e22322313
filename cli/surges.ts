// `surges`: what the detector has told of.
import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { liveSurgeRows } from './live-surges.ts'
import { chooseFormat } from './output/format.ts'
import { printRows } from './output/rows.ts'

interface SurgesOptions {
  readonly format?: string
}

/** Adds the verb to the program. */
export function registerSurges(program: Command, context: CliContext): void {
  program
    .command('surges')
    .summary('the surges that the detector has told of')
    .description('Lists the surges that the detector has told of: open ones first, then the newest.')
    .option('--format <format>', 'json, ndjson, csv or table (default: table on a terminal, else ndjson)')
    .action(async ({ format }: SurgesOptions) => {
      const chosen = chooseFormat(format, context.stdout.isTTY === true)
      await printRows(await liveSurgeRows(context), chosen, context.sink())
    })
}
