// `check`: what is wrong with configuration, connections, topics and schemas, and how to mend it.
import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { chooseFormat } from './output/format.ts'
import { printRows } from './output/rows.ts'

interface CheckOptions {
  readonly apply?: true
  readonly format?: string
}

/** Adds the verb to the program. */
export function registerCheck(program: Command, context: CliContext): void {
  program
    .command('check')
    .summary('what is wrong, and how to mend it')
    .description('Checks configuration, connections, topics and schemas. Exit code 1 where an error is left.')
    .option('--apply', 'make missing topics and schemas, and mend settings')
    .option('--format <format>', 'json, ndjson, csv or table (default: table on a terminal, else ndjson)')
    .action((options: CheckOptions) => check(context, options))
}

async function check(context: CliContext, options: CheckOptions): Promise<void> {
  const format = chooseFormat(options.format, context.stdout.isTTY === true)
  const { checkDeployment } = await import('../services/check/check.ts')
  const findings = await checkDeployment(context.configuration(), options.apply === true)
  const columns = ['severity', 'where', 'what', 'why', 'mend', 'mended']
  const rows = findings.map(({ severity, where, what, why, mend, isMended }) => [
    severity,
    where,
    what,
    why,
    mend,
    isMended ? 'yes' : 'no'
  ])
  await printRows({ columns, rows }, format, context.sink())
  const left = findings.filter(({ severity, isMended }) => severity === 'error' && !isMended)
  if (left.length > 0)
    context.failWith(`check: ${left.length} ${left.length === 1 ? 'error is' : 'errors are'} left`)
  else context.note('check: nothing is in the way')
}
