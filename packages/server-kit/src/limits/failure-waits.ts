/** Slows down what fails again and again: some failures are free, then each further one doubles the wait. */
export interface FailureWait {
  /** Milliseconds until a key may try again; 0 or less when it may now. */
  waitMs(key: string): Promise<number>
  /** Counts a failure, unless the key must wait: then nothing is counted and `waitMs` is above 0. */
  add(key: string): Promise<{ readonly waitMs: number; takeBack(): Promise<void> }>
  forget(key: string): Promise<void>
}

export interface FailureWaitOptions {
  readonly name: string
  readonly freeFailures: number
}

export type FailureWaits = (options: FailureWaitOptions) => FailureWait

const firstDelayMs = 15_000
const maxDelayMs = 15 * 60_000
/** A key that was left alone for so long is forgotten. */
export const forgetAfterMs = 30 * 60_000

/** How long to wait after so many failures, from the last one on. */
export const delayMs = (failures: number, freeFailures: number): number =>
  failures < freeFailures ? 0 : Math.min(maxDelayMs, firstDelayMs * 2 ** (failures - freeFailures))
