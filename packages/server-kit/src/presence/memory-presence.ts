import type { Presence } from './presence.js'

/** The presence of a single process. Pods of one test share it, so it counts. */
export const createMemoryPresence = (): Presence => {
  const pods = new Map<string, number>()
  return {
    async enter(userId) {
      const before = pods.get(userId) ?? 0
      pods.set(userId, before + 1)
      return before > 0
    },
    async leave(userId) {
      const left = (pods.get(userId) ?? 0) - 1
      if (left > 0) pods.set(userId, left)
      else pods.delete(userId)
    },
    online: async userIds => new Set(userIds.filter(userId => pods.has(userId))),
    onChanged: () => () => {}, // Its pods end together.
    close: async () => {},
  }
}
