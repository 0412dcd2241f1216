import { memoryStore } from '@qsm/client'
import { describe } from 'vitest'
import { storeSuite } from '../../../tests/support/store-suite.js'

describe('a store in memory', () => {
  storeSuite(() => {
    const store = memoryStore()
    return { open: () => store }
  })
})
