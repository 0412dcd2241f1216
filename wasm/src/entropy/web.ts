import { judged } from './judged.js'

/** Taken when this file is loaded, as in Node. At most 65 536 bytes at once. */
const platformFill = globalThis.crypto.getRandomValues.bind(globalThis.crypto)

/** Fills from the generator of the browser. Throws when it fails and when it gave only zeros. */
export const fillRandom = judged(platformFill)
