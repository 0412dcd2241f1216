import { randomFillSync } from 'node:crypto'
import { judged } from './judged.js'

/** Taken when this file is loaded: nothing that is put in its place later is asked. There is no other source and no seed. */
const platformFill = randomFillSync

/** Fills from the generator of Node. Throws when it fails and when it gave only zeros. */
export const fillRandom = judged(platformFill)
