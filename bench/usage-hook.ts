// Loaded before a measured program (`node --import`): at its exit it writes what the process used, as JSON, to file
// descriptor 3. The program itself is left as users run it.
import { writeSync } from 'node:fs'

process.on('exit', () => {
  writeSync(3, JSON.stringify(process.resourceUsage()))
})
