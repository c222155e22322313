// docs/commands.md, from the help of every verb.
import { Writable } from 'node:stream'
import type { Command } from 'commander'
import { CliContext } from '../../cli/context.ts'
import { buildProgram } from '../../cli/program.ts'
import { code, document, GENERATED } from './markdown.ts'

/** The whole of docs/commands.md. */
export function commandsDocument(): string {
  const nowhere = new Writable()
  const program = buildProgram(new CliContext({ stdout: nowhere, stderr: nowhere }, {}))
  const verbs = program.commands.flatMap((verb) => sections(verb, program.name()))
  return document(
    '# Commands',
    GENERATED,
    `One program, ${code(program.name())}; ${code(`npx ${program.name()}`)} in a checkout after a build. The settings that ` +
      'verbs read are in [configuration.md](configuration.md).',
    ...verbs
  )
}

/** A verb's heading and help, then those of its own verbs. */
function sections(command: Command, path: string): string[] {
  const name = `${path} ${command.name()}`
  return [
    `## ${name}`,
    `\`\`\`text\n${helpOf(command)}\n\`\`\``,
    ...command.commands.flatMap((verb) => sections(verb, name))
  ]
}

/** All that `--help` prints, examples included. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) })
  command.outputHelp()
  return text.trimEnd()
}
