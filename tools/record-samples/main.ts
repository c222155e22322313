// Records test/data/samples anew: npm run record-samples [FOLDER]. Takes some four minutes, as root, on Linux.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canMakeNamespaces } from '../../test/netns/network.ts'
import { describe, type Recorded, toolVersions } from './describe.ts'
import { COLUMNS, measure } from './measure.ts'
import { record } from './record.ts'
import { RECORDINGS, type Recording } from './recordings.ts'

async function main(folder: string): Promise<void> {
  const reason = canMakeNamespaces()
  if (reason !== null) throw new Error(`network namespaces cannot be made here: ${reason}`)
  const versions = toolVersions()
  const work = mkdtempSync(join(tmpdir(), 'stormpetrel-record-'))
  try {
    const recorded = await Promise.all(RECORDINGS.map((recording) => recordOne(recording, work)))
    mkdirSync(folder, { recursive: true })
    for (const { recording } of recorded) {
      copyFileSync(join(work, recording.file), join(folder, recording.file))
    }
    const rows = recorded.map(({ measures }) => COLUMNS.map((column) => measures[column]).join('\t'))
    writeFileSync(join(folder, 'expected.tsv'), `${[COLUMNS.join('\t'), ...rows].join('\n')}\n`)
    writeFileSync(join(folder, 'README.md'), describe(recorded, versions))
    process.stdout.write(`${recorded.length} recordings in ${folder}\n`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function recordOne(recording: Recording, work: string): Promise<Recorded> {
  const plain = join(work, recording.file.replace(/\.(gz|zst)$/, ''))
  const run = await record(recording, plain)
  // -n: no name and time in the gzip header.
  if (recording.compression === 'gzip') execFileSync('gzip', ['-9', '-n', '-k', plain])
  if (recording.compression === 'zstd') execFileSync('zstd', ['-q', '-19', '-k', plain])
  const measures = measure(recording.file, join(work, recording.file), plain)
  if (measures.packets !== String(run.capturedPackets)) {
    throw new Error(
      `${recording.file}: ${run.capturedPackets} packets captured, ${measures.packets} in the file`
    )
  }
  process.stdout.write(`${recording.file}: ${measures.packets} packets, ${measures.bytes} bytes\n`)
  return { recording, run, measures }
}

// The namespaces are torn down on exit, which an unhandled signal would skip.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

await main(process.argv[2] ?? join('test', 'data', 'samples'))
