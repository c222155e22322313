// A spool on a real disk, and batches of chosen numbers for it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { NO_LOG } from '../../../adapters/log.ts'
import { Spool, type SpoolOptions } from '../../../adapters/spool.ts'
import type { WaitingBatch } from '../../../adapters/spool/spool-reader.ts'
import { digestOf } from '../../../core/batch/digest.ts'
import type { RawBatch } from '../../../core/batch/raw-batch.ts'

/** A folder that is deleted by `remove`. */
export function spoolFolder(): { readonly folder: string; readonly remove: () => void } {
  const root = mkdtempSync(path.join(tmpdir(), 'stormpetrel-spool-'))
  return { folder: path.join(root, 'spool'), remove: () => rmSync(root, { recursive: true, force: true }) }
}

export async function openSpool(folder: string, options: Partial<SpoolOptions> = {}): Promise<Spool> {
  const spool = new Spool({
    folder,
    sensor: 's',
    sizeLimitBytes: 64 * 1024 * 1024,
    ageLimitMs: 3_600_000,
    full: 'drop-oldest',
    nowMs: Date.now,
    log: NO_LOG,
    onFailure: (error) => {
      throw error
    },
    ...options
  })
  await spool.start()
  return spool
}

/** Makes the batches of one lane of a spool's epoch; each holds `frames` refused-free frames as its count says. */
export class TestLane {
  readonly #spool: Spool
  readonly lane: number
  #number = 1
  #framesBefore = 0

  constructor(spool: Spool, lane = 0) {
    this.#spool = spool
    this.lane = lane
  }

  /** The next batch; its capture is `sizeBytes` of a pattern. */
  next(frames = 10, sizeBytes = 100): RawBatch {
    const { epoch, epochStartedMs } = this.#spool
    const number = this.#number++
    const contents = {
      closedAtMs: 1_700_000_000_000 + number,
      packets: frames,
      framesBefore: this.#framesBefore,
      kernelDrops: 0,
      declaredLosses: this.#spool.nextLosses(),
      capture: Buffer.alloc(sizeBytes, number % 251),
      file: null,
      frames: new Float64Array(0),
      refused: []
    }
    this.#framesBefore += frames
    const name = { sensor: 's', epoch, lane: this.lane, number }
    return { name, digest: digestOf(contents), epochStartedMs, ...contents }
  }
}

/** Everything that waits, as a sender without trouble takes it; acknowledged where `isAcknowledged`. */
export async function takeAll(spool: Spool, isAcknowledged = true): Promise<WaitingBatch[]> {
  const all: WaitingBatch[] = []
  while (spool.waitingBatches > (isAcknowledged ? 0 : all.length)) {
    const batches = await spool.next()
    all.push(...batches)
    if (isAcknowledged) spool.acknowledge(batches.at(-1)!.sequence)
  }
  return all
}
