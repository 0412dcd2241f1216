import type { Query } from '@qsm/server-kit'

/** Sends and pages that come behind a lock against all others wait as long as it does. */
export const briefMs = 300
/** For vacuum, which keeps nobody else out. */
export const vacuumMs = 5_000

/** How long statements wait for a lock, until the end of the transaction. */
export const waitForLocks = (query: Query, ms: number) =>
  query("SELECT set_config('lock_timeout', $1, true)", [`${ms}ms`])
