// The port to what a detector keeps: its state, the changes that are not sent yet, and the surges that it has told of.
import type { SurgeChange } from './surge-change.ts'

/** What a detector had judged and not yet sent when it was last saved. */
export interface SavedDetector {
  /** End of the newest judged hour, in seconds since 1970; 0 where what was learnt is forgotten. */
  readonly judgedUpToSeconds: number
  /** What `save` was given, in the same order; null where it is forgotten. */
  readonly parts: readonly Uint8Array[] | null
  /** The oldest first. */
  readonly outbox: readonly SurgeChange[]
}

/** What is to be kept: all of it, or nothing. */
export interface JudgedHour {
  readonly judgedUpToSeconds: number
  /** Null where what was saved before holds: nothing was judged since. */
  readonly parts: readonly Uint8Array[] | null
  /** Put into the outbox, and in the place of what was known of their surges. */
  readonly changes: readonly SurgeChange[]
}

/** Every method throws SP_REDIS where the store cannot be reached. Leases rise; writes with a lower one are refused. */
export interface SurgeStore {
  /**
   * The number of the lease where this holder has it from now on for that time (an hour at most), by the store's clock: the
   * same number while it is renewed in time. Null where another one holds it.
   */
  lease(holder: string, forMs: number): Promise<number | null>
  /** Gives the lease back, where it is still held. */
  release(lease: number): Promise<void>
  /** Null where nothing was ever saved, or all that was left when it was forgotten is sent. Throws SP_STORE_REFUSED where what is there cannot be read. */
  load(): Promise<SavedDetector | null>
  /** `judgedUpToSeconds` of what was saved last, whoever saved it; null where nothing was. */
  judgedUpToSeconds(): Promise<number | null>
  /**
   * False, and nothing changed, where the lease is another's, or what is stored is not what this store loaded or saved
   * last: it lost data, and is to be loaded again.
   */
  save(lease: number, hour: JudgedHour): Promise<boolean>
  /** Takes these changes off the outbox, where they are in it. False, and nothing changed, where the lease is another's. */
  sent(lease: number, changes: readonly SurgeChange[]): Promise<boolean>
  /**
   * Takes away what was learnt, so that the next detector learns the whole store anew; what was told stays. False, and
   * nothing changed, while somebody holds the lease.
   */
  forget(): Promise<boolean>
  /** The newest change of every surge that is not forgotten: those that are open, and those of the last quarters. */
  surges(): Promise<SurgeChange[]>
}
