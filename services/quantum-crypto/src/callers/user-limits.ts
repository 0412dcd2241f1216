import type { RateLimit, RateLimits } from '@qsm/server-kit'

/** How often each user may ask, for a minute. */
export interface UserLimits {
  /** Any route that needs a token; of a batch, each entry. */
  readonly call: RateLimit
  /** Signatures with a managed key: Falcon's power traces are to stay few, and each takes a worker's time. */
  readonly sign: RateLimit
  readonly keygen: RateLimit
}

export interface PerMinute {
  readonly calls: number
  readonly signs: number
  readonly keygens: number
}

export const createUserLimits = (rateLimits: RateLimits, perMinute: PerMinute): UserLimits => {
  const limit = (name: string, points: number) => rateLimits({ name: `quantum-${name}`, points, perSeconds: 60 })
  return {
    call: limit('call', perMinute.calls),
    sign: limit('sign', perMinute.signs),
    keygen: limit('keygen', perMinute.keygens),
  }
}
