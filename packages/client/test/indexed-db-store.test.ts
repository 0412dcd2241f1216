import 'fake-indexeddb/auto'
import { indexedDbStore, QsmClientError, type Store } from '@qsm/client'
import { describe, expect, it } from 'vitest'
import { storeSuite } from '../../../tests/support/store-suite.js'
import { standInLocks } from './web-locks.js'

let stores = 0

describe('a store in IndexedDB', () => {
  storeSuite(() => {
    const locks = standInLocks()
    stores += 1
    const name = `store ${stores}`
    return { open: () => indexedDbStore(name, locks) }
  })

  it('does not open where the platform has no IndexedDB, and says what to use', () => {
    const { indexedDB } = globalThis
    Reflect.deleteProperty(globalThis, 'indexedDB')
    try {
      const open = () => indexedDbStore('nowhere', standInLocks())
      expect(open).toThrow(QsmClientError)
      expect(open).toThrow(/missing here: use fileStore in Node/)
    } finally {
      globalThis.indexedDB = indexedDB
    }
  })

  const put = (store: Store, key: string) =>
    store.exclusive(async transaction => transaction.put(key, Uint8Array.of(1, 2, 3)))
  const keysOf = (store: Store) => store.exclusive(transaction => transaction.keys(''))
  const settled = (request: IDBRequest): Promise<unknown> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })

  it('lets the browser clear it while it is open, and begins anew then', async () => {
    const store = indexedDbStore('cleared', standInLocks())
    await put(store, 'a')
    await settled(indexedDB.deleteDatabase('cleared'))
    expect(await keysOf(store)).toEqual([])
    await put(store, 'b')
    expect(await keysOf(store)).toEqual(['b'])
  })

  it('says what to do where the browser does not open it, and opens it later', async () => {
    const newer = indexedDB.open('newer', 2)
    await settled(newer)
    newer.result.close()
    const store = indexedDbStore('newer', standInLocks())
    const refused = { code: 'store_unusable', message: expect.stringMatching(/store newer: .*load the page again/) }
    await expect(put(store, 'a')).rejects.toMatchObject(refused)
    await settled(indexedDB.deleteDatabase('newer'))
    await put(store, 'a')
    expect(await keysOf(store)).toEqual(['a'])
  })

  it('says what to do where the browser breaks off a write, and keeps nothing of it', async () => {
    const store = indexedDbStore('full', standInLocks())
    await put(store, 'a')
    const { transaction } = IDBDatabase.prototype
    IDBDatabase.prototype.transaction = function (...args) {
      const opened = transaction.apply(this, args)
      if (args[1] === 'readwrite') queueMicrotask(() => opened.abort())
      return opened
    }
    try {
      const refused = { code: 'store_unusable', message: expect.stringMatching(/make room/) }
      await expect(put(store, 'b')).rejects.toMatchObject(refused)
    } finally {
      IDBDatabase.prototype.transaction = transaction
    }
    expect(await keysOf(store)).toEqual(['a'])
  })

  it('names a value that is no longer bytes as damaged', async () => {
    const store = indexedDbStore('damaged', standInLocks())
    await put(store, 'device')
    const opened = indexedDB.open('damaged')
    await settled(opened)
    await settled(opened.result.transaction('values', 'readwrite').objectStore('values').put('text', 'device'))
    opened.result.close()
    const read = store.exclusive(transaction => transaction.get('device'))
    await expect(read).rejects.toMatchObject({ code: 'store_damaged', message: expect.stringContaining('device') })
  })
})
