// The program `stormpetrel`.
import { runCli } from './run-cli.ts'

const exitCode = await runCli(process.argv.slice(2), process, process.env)
// Node would wait for what a client library still tries, such as kafkajs to reach a broker that never answers; the
// verb has ended all the same. What was printed is written first; a reader that is gone is no trouble of ours.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve)))
)
process.exit(exitCode)
