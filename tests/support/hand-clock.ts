/** A clock that stands until it is moved. */
export interface HandClock {
  now(): number
  advance(ms: number): void
}

export const createHandClock = (start = 1_800_000_000_000): HandClock => {
  let now = start
  return {
    now: () => now,
    advance(ms) {
      now += ms
    },
  }
}
