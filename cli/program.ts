// The tree of verbs. Building it opens nothing: a verb loads what it needs when it is called.
import { Command } from 'commander'
import { settingRows } from '../core/configuration.ts'
import type { CliContext } from './context.ts'
import { registerCounts } from './counts.ts'
import { registerCheck } from './check.ts'
import { registerExport } from './export.ts'
import { registerLedger } from './ledger.ts'
import { registerReplay } from './replay.ts'
import { registerReport } from './report.ts'
import { registerServices } from './services.ts'
import { registerSurges } from './surges.ts'
import { registerSynth } from './synth.ts'
import { registerTag } from './tag.ts'
import { registerUp } from './up.ts'
import { programVersion } from './version.ts'

const EXIT_CODES =
  'Exit codes: 0 done, 1 bad input or a part that failed, 2 bad usage; each error is one line on stderr.'

/** The program with every verb, for one call. Commander throws where it would exit. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('stormpetrel')
    .description('Network telescope analytics as a stream: raw packet headers in, exact counts out.')
    .version(programVersion())
    .exitOverride()
    .showHelpAfterError(false)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // Errors are said once, in our own words, by runCli.
      writeErr: () => undefined,
      getOutHelpWidth: () => 110
    })
    .addHelpText('after', () => `\n${EXIT_CODES}\n\n${configurationHelp()}`)
  registerUp(program, context)
  registerTag(program, context)
  registerCounts(program, context)
  registerSurges(program, context)
  registerLedger(program, context)
  registerExport(program, context)
  registerReport(program, context)
  registerReplay(program, context)
  registerSynth(program, context)
  registerServices(program, context)
  registerCheck(program, context)
  return program
}

/** The table of settings as `--help` prints it. */
function configurationHelp(): string {
  const settings = settingRows().map(({ env, fallback, unit, doc }) => {
    const value = fallback === '' ? 'not set' : fallback
    return `  ${env}\n      ${doc} (${unit}; default: ${value})`
  })
  return ['Configuration, by environment variables:', ...settings].join('\n')
}
