/** Where services take the time from, so that tests can hand in another. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
}

export const systemClock: Clock = Object.freeze({ now: () => Date.now() })
