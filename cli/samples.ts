// The captures that the package carries: recordings of real scanners, see test/data/samples/README.md.
import { join } from 'node:path'
import type { CaptureFile } from '../adapters/capture-files.ts'
import { packageRoot } from '../adapters/package-root.ts'
import { inputFiles } from './input-files.ts'

/** The sample captures, in the order of their paths. */
export async function sampleCaptures(): Promise<CaptureFile[]> {
  return await inputFiles([join(packageRoot(), 'test', 'data', 'samples')])
}
