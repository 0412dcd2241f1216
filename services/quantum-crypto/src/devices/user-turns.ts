import { QsmError } from '@qsm/server-kit'

/** Runs the work of one user after the other in the order in which it came; users do not wait for each other. */
export type UserTurns = <T>(userId: string, work: () => Promise<T>) => Promise<T>

interface Lane {
  last: Promise<unknown>
  /** With the one that runs. */
  waiting: number
}

/** At most `maxWaiting` for a user; who comes then is refused with `unavailable`. */
export const createUserTurns = (maxWaiting: number): UserTurns => {
  const lanes = new Map<string, Lane>()
  return async (userId, work) => {
    const lane = lanes.get(userId) ?? { last: Promise.resolve(), waiting: 0 }
    if (lane.waiting >= maxWaiting) {
      const text = `${maxWaiting} operations of this user wait already: try again in a moment.`
      throw new QsmError('unavailable', text, { retryAfterSeconds: 1 })
    }
    lanes.set(userId, lane)
    lane.waiting += 1
    const result = lane.last.then(work)
    lane.last = result.catch(() => {}) // Its caller is told; the next one has its turn all the same.
    try {
      return await result
    } finally {
      lane.waiting -= 1
      if (lane.waiting === 0) lanes.delete(userId)
    }
  }
}
