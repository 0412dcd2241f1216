import { Changes, createQueue, overlay, type Store } from './store.js'

const tableName = 'state'

const finished = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const open = (name: string): Promise<IDBDatabase> => {
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(tableName)
  return finished(request)
}

const write = (database: IDBDatabase, changes: Changes): Promise<void> =>
  new Promise((resolve, reject) => {
    const transaction = database.transaction(tableName, 'readwrite', { durability: 'strict' })
    const table = transaction.objectStore(tableName)
    for (const [key, value] of changes.map) {
      if (value === null) table.delete(key)
      else table.put(value, key)
    }
    transaction.oncomplete = () => resolve()
    transaction.onerror = () => reject(transaction.error)
    transaction.onabort = () => reject(transaction.error)
  })

/** The store of a browser. Tabs of one origin take turns by a Web Lock; without Web Locks only one tab may be open. */
export const indexedDbStore = async (name: string): Promise<Store> => {
  const database = await open(name)
  const inTurn = createQueue()
  const base = {
    async get(key: string) {
      const table = database.transaction(tableName).objectStore(tableName)
      return ((await finished(table.get(key))) as Uint8Array | undefined) ?? null
    },
    async list(prefix: string) {
      const table = database.transaction(tableName).objectStore(tableName)
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`)
      const [keys, values] = await Promise.all([finished(table.getAllKeys(range)), finished(table.getAll(range))])
      return keys.map((key, index) => [String(key), values[index] as Uint8Array] as const)
    },
  }
  const locked = <T>(work: () => Promise<T>): Promise<T> => {
    const locks = globalThis.navigator?.locks
    return locks ? (locks.request(`qsm/${name}`, work) as Promise<T>) : inTurn(work)
  }
  return {
    exclusive: work =>
      locked(async () => {
        const changes = new Changes()
        const result = await work(overlay(changes, base))
        if (changes.map.size > 0) await write(database, changes)
        return result
      }),
    async close() {
      database.close()
    },
  }
}
