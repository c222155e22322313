// Prints how many milliseconds the geo tables take to load: run by bench/main.ts, once a process.
import { loadGeoTables } from '../adapters/geo-files.ts'

const cacheFolder = process.argv[2]
if (cacheFolder === undefined) throw new Error('usage: geo-load CACHE_FOLDER')
const startedMs = performance.now()
await loadGeoTables({ regionDatabase: null, asnDatabase: null, cacheFolder })
process.stdout.write(`${performance.now() - startedMs}\n`)
