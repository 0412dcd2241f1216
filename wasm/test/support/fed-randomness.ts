import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { createFedGenerator } from './fed-draws.js'

/**
 * Replaces both generators of this test process: `randomFillSync`, from which liboqs draws, and `getRandomValues`, from
 * which noble draws. Must be imported before the libraries, which keep the function that they find.
 */
const { fill, feed } = createFedGenerator(nodeCrypto.randomFillSync)
nodeCrypto.randomFillSync = fill as typeof nodeCrypto.randomFillSync
syncBuiltinESMExports()
globalThis.crypto.getRandomValues = fill as Crypto['getRandomValues']

export { feed }
