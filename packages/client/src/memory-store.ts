import { Changes, createQueue, overlay, type Store } from './store.js'

/** A store that ends with the process: for tests and for clients that are thrown away. */
export const memoryStore = (): Store => {
  const values = new Map<string, Uint8Array>()
  const inTurn = createQueue()
  const base = {
    get: async (key: string) => values.get(key) ?? null,
    list: async (prefix: string) => [...values].filter(([key]) => key.startsWith(prefix)),
  }
  return {
    exclusive: work =>
      inTurn(async () => {
        const changes = new Changes()
        const result = await work(overlay(changes, base))
        for (const [key, value] of changes.map) {
          if (value === null) values.delete(key)
          else values.set(key, value)
        }
        return result
      }),
    async close() {},
  }
}
