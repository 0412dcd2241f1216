import type { RateLimits } from '@qsm/server-kit'

/** Limits that never refuse, for tests of other parts. */
export const noRateLimits: RateLimits = () => ({ take: async () => {} })
