import 'fake-indexeddb/auto'
import { indexedDbStore, QsmClientError } from '@qsm/client'
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
})
