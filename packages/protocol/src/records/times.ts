import { refused } from '../errors.js'

/** How far the clock of whoever signs may be ahead of the own one. */
const aheadMs = 300_000
export const dayMs = 86_400_000

/** Refuses what was made more than 5 minutes from now. Times are ms since 1970. */
export const checkNotAhead = (createdAt: number, now: number, what: string): void => {
  if (createdAt > now + aheadMs) throw refused('time', `${what} comes from the future`)
}
