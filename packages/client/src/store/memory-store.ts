import { openTransaction, type Store, wipeChanges } from './store.js'
import { createNamedTurns, createTurns } from './turns.js'

/** Keeps everything in memory until the program ends, also after `close`: for tests, and to leave no trace. */
export const memoryStore = (): Store => {
  const values = new Map<string, Uint8Array>()
  const inTurn = createTurns()
  const alone = createNamedTurns()
  const base = {
    get: async (key: string) => values.get(key)?.slice() ?? null,
    keys: async (prefix: string) => [...values.keys()].filter(key => key.startsWith(prefix)),
  }
  return {
    exclusive: work =>
      inTurn(async () => {
        const { transaction, changes } = openTransaction(base)
        try {
          const result = await work(transaction)
          for (const [key, value] of changes) {
            values.get(key)?.fill(0)
            if (value === null) values.delete(key)
            else values.set(key, value.slice())
          }
          return result
        } finally {
          wipeChanges(changes)
        }
      }),
    alone,
    async close() {},
  }
}
