import { QsmClientError } from '../errors.js'
import { type AloneOptions, openTransaction, type Store, type StoreChanges, wipeChanges } from './store.js'
import { noLongerWaited, storeInUse } from './turns.js'
import { damaged } from './values.js'

/** Web Locks: one writer over all tabs and workers of an origin. */
export type WebLocks = Pick<LockManager, 'request'>

const tableName = 'values'

const finished = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const unusable = (name: string, cause: unknown): QsmClientError =>
  new QsmClientError(
    'store_unusable',
    `The browser cannot use its store ${name}: ${(cause as Error).message}. Let this site keep data, make room where there is none, and load the page again.`,
    { cause },
  )

/** `onGone` is told when the browser takes the database away, as when the user clears the data of the site. */
const openDatabase = async (name: string, onGone: () => void): Promise<IDBDatabase> => {
  const request = globalThis.indexedDB.open(name, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(tableName)
  const database = await finished(request).catch((error: unknown) => {
    throw unusable(name, error)
  })
  database.onclose = onGone
  database.onversionchange = () => {
    database.close()
    onGone()
  }
  return database
}

const write = (database: IDBDatabase, changes: StoreChanges): Promise<void> =>
  new Promise((resolve, reject) => {
    const transaction = database.transaction(tableName, 'readwrite', { durability: 'strict' })
    const table = transaction.objectStore(tableName)
    for (const [key, value] of changes) {
      if (value === null) table.delete(key)
      else table.put(value.slice(), key)
    }
    transaction.oncomplete = () => resolve()
    transaction.onabort = () =>
      reject(unusable(database.name, transaction.error ?? new Error('it has broken off a write')))
  })

const readsOf = (database: IDBDatabase) => {
  const table = () => database.transaction(tableName, 'readonly').objectStore(tableName)
  return {
    async get(key: string) {
      const value: unknown = await finished(table().get(key))
      if (value === undefined) return null
      if (value instanceof Uint8Array) return value.slice()
      throw damaged(key)
    },
    async keys(prefix: string) {
      return (await finished(table().getAllKeys(IDBKeyRange.bound(prefix, `${prefix}\uffff`)))).map(String)
    },
  }
}

/**
 * A store in IndexedDB. The values are as the browser keeps them: whoever can run script on this origin or read the
 * browser's profile holds the keys.
 */
export const indexedDbStore = (name: string, locks: WebLocks | undefined = globalThis.navigator?.locks): Store => {
  if (!locks || !('indexedDB' in globalThis)) {
    throw new QsmClientError('usage', 'IndexedDB or Web Locks are missing here: use fileStore in Node, or memoryStore.')
  }
  let opened: Promise<IDBDatabase> | null = null
  const forget = () => {
    opened = null
  }
  const database = async (): Promise<IDBDatabase> => {
    opened ??= openDatabase(name, forget)
    try {
      return await opened
    } catch (error) {
      forget() // The next piece of work tries again.
      throw error
    }
  }
  const locked = <T>(lock: string, { wait = true, signal }: AloneOptions, work: () => Promise<T>): Promise<T> => {
    // Web Locks take no signal together with `ifAvailable`.
    const options = wait ? { ...(signal ? { signal } : {}) } : { ifAvailable: true }
    const granted = locks.request(`qsm/${name}/${lock}`, options, held => {
      if (!held) throw storeInUse(`${lock} of store ${name}`)
      return work()
    }) as Promise<T>
    return granted.catch(error => {
      throw signal?.aborted && (error as Error).name === 'AbortError' ? noLongerWaited() : error
    })
  }
  return {
    exclusive: work =>
      locked('writer', {}, async () => {
        const { transaction, changes } = openTransaction(readsOf(await database()))
        try {
          const result = await work(transaction)
          if (changes.size > 0) await write(await database(), changes)
          return result
        } finally {
          wipeChanges(changes)
        }
      }),
    alone: (lock, work, options = {}) => locked(`alone/${lock}`, options, work),
    async close() {
      const closing = opened
      forget()
      if (closing) (await closing).close()
    },
  }
}
