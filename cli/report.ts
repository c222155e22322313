// `report` and `causes`: the quarterly report, and what is known of a port.
import { type Command, InvalidArgumentError } from 'commander'
import { parsePortKey, portKey } from '../core/headers/protocols.ts'
import type { ReportTarget } from './report-output.ts'
import type { AskedOptions, ReportRequest } from './report-request.ts'
import type { CliContext } from './context.ts'

const HELP = `
Without files the live store answers; FILE is captures, folders of captures (each capture in a folder that is named as a sensor is
that sensor's; sensors.yaml may lie beside those folders), or files of export with days of --tz and hours.

DIR gets report.html, which needs nothing else, report.json (docs/report.schema.json), a CSV for every table and figure, and
report.pdf where Chromium is installed. docs/report.md says how each number is made.

Examples:
  stormpetrel report --quarter 2022Q2 --sensors-in JP --tz Asia/Tokyo --lang ja --out report captures/
  stormpetrel report --from 2022-05-01 --to 2022-06-01 --out report days.ndjson.gz hours.ndjson.gz`

type ReportOptions = AskedOptions & ReportTarget

/** Adds both verbs to the program. */
export function registerReport(program: Command, context: CliContext): void {
  program
    .command('report')
    .summary('the quarterly report, from the store, captures or exports')
    .description('Writes the report of a period: ports, regions, Mirai, surges, in Japanese or English.')
    .argument('[FILE...]', 'captures, folders of captures, or files of export')
    .option('--quarter <quarter>', 'such as 2022Q2')
    .option('--from <time>', 'instead of a quarter: from the day of this ISO 8601 time')
    .option('--to <time>', 'up to the day of this time, which is not in it')
    .option('--compare <quarter>', 'the quarter to compare with (default: as long a time, right before)')
    .option('--sensors-in <country>', 'only sensors in this country, such as JP', country)
    .option('--tz <zone>', 'time zone of its days', 'UTC')
    .option('--lang <language>', 'ja or en', oneOf('ja', 'en'), 'en')
    .option(
      '--audience <audience>',
      'public names no sensor, internal does',
      oneOf('public', 'internal'),
      'public'
    )
    .option('--run <name>', 'the store of a replay run instead of the live one')
    .option('--sensor <id>', 'the sensor that the captures are of')
    .option('--kev <file>', "CISA's known_exploited_vulnerabilities.json")
    .option('--no-pdf', 'leave out report.pdf')
    .requiredOption('--out <dir>', 'the folder for the report; it is made where it is missing')
    .addHelpText('after', HELP)
    .action((files: string[], options: ReportOptions) => report(context, files, options))
  program
    .command('causes')
    .summary('what is known of a port')
    .description(
      'Lists services, malware families and vulnerabilities of a port, with their dates and sources.'
    )
    .requiredOption('--port <port>', 'such as 37215 or 53/UDP', portKeyFrom)
    .option('--kev <file>', "CISA's known_exploited_vulnerabilities.json")
    .option('--format <format>', 'json, ndjson, csv or table (default: table on a terminal, else ndjson)')
    .action((options: { port: string; kev?: string; format?: string }) => causes(context, options))
}

function country(text: string): string {
  if (/^[A-Z]{2}$/.test(text)) return text
  throw new InvalidArgumentError('it must be two capital letters such as JP')
}

/** A number is of TCP. */
function portKeyFrom(text: string): string {
  const port = parsePortKey(/^\d+$/.test(text) ? `${text}/TCP` : text)
  if (port === null) throw new InvalidArgumentError('it must be a port such as 37215, 53/UDP or ICMP')
  return portKey(port.protocol, port.port)
}

function oneOf<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text)
    if (found !== undefined) return found
    throw new InvalidArgumentError(`it must be one of ${choices.join(', ')}`)
  }
}

async function report(context: CliContext, files: readonly string[], options: ReportOptions): Promise<void> {
  const [{ requestOf }, { readReportInput }, { buildReport }, { writeReport }] = await Promise.all([
    import('./report-request.ts'),
    import('./report-input.ts'),
    import('../core/report/model.ts'),
    import('./report-output.ts')
  ])
  const request: ReportRequest = requestOf(files, options)
  const input = await readReportInput(context, request)
  await writeReport(context, buildReport(input), options)
}

async function causes(
  context: CliContext,
  options: { readonly port: string; readonly kev?: string; readonly format?: string }
): Promise<void> {
  const [{ readCauses, readExploited }, { printRows }, { chooseFormat }] = await Promise.all([
    import('../adapters/cause-files.ts'),
    import('./output/rows.ts'),
    import('./output/format.ts')
  ])
  const { port } = options
  const known = (await readCauses()).find((each) => each.port === port)
  const exploited = options.kev === undefined ? [] : await readExploited(options.kev)
  if (known === undefined) context.note(`nothing is declared of ${port} in data/causes`)
  const rows = (known?.causes ?? []).map(({ kind, name, date, what, source }) => [
    port,
    known!.service,
    kind,
    name,
    date,
    exploited.find(({ cve }) => cve === name)?.dateAdded ?? null,
    what,
    source
  ])
  const columns = ['port', 'service', 'kind', 'name', 'date', 'exploited_since', 'what', 'source']
  await printRows(
    { columns, rows },
    chooseFormat(options.format, context.stdout.isTTY === true),
    context.sink()
  )
}
