// The captures that the package carries: recordings of real scanners, see test/data/samples/README.md.
import { join } from 'node:path'
import { expandCaptureArguments } from '../adapters/capture-files.ts'
import { packageRoot } from '../adapters/package-root.ts'

/** The sample captures' paths, sorted. */
export async function sampleCaptures(): Promise<string[]> {
  return await expandCaptureArguments([join(packageRoot(), 'test', 'data', 'samples')])
}
