import type { RateLimits } from '@qsm/server-kit'

/** Whoever asks again and again for the same user would drain that user's one-time prekeys. */
export interface ClaimLimits {
  /** Throws `rate_limited`. */
  take(callerId: string, targetId: string): Promise<void>
}

export const createClaimLimits = (rateLimits: RateLimits): ClaimLimits => {
  const perTarget = rateLimits({ name: 'bundles-target', points: 30, perSeconds: 600 })
  const perCaller = rateLimits({ name: 'bundles-caller', points: 300, perSeconds: 600 })
  return {
    async take(callerId, targetId) {
      await perCaller.take(callerId)
      await perTarget.take(`${callerId}/${targetId}`)
    },
  }
}
