// Writes the generated documents: `node dist/tools/generate-docs.js`, from the repository's root. With --check it
// writes nothing, names each file that differs, and exits 1 where there is one.
import { readFileSync, writeFileSync } from 'node:fs'
import { DOCUMENTS, type GeneratedDocument } from './documents/documents.ts'

const isCheck = process.argv.includes('--check')
const stale = DOCUMENTS.filter((document) => onDisk(document) !== document.render())

for (const document of stale) {
  if (isCheck) process.stderr.write(`${document.path} is not what tools/generate-docs.ts makes; run it\n`)
  else writeFileSync(document.path, document.render())
}
if (isCheck && stale.length > 0) process.exitCode = 1

/** Null where the file is not there yet. */
function onDisk({ path }: GeneratedDocument): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
