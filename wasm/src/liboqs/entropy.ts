import { randomFillSync } from 'node:crypto'

/** Taken when this file is loaded: nothing that is put in its place later is asked. There is no other source and no seed. */
const platformFill = randomFillSync

/** From this length on, zeros alone mean that the generator is broken (one chance in 2¹²⁸). */
const judgedBytes = 16

/**
 * Fills `target` from the generator of the platform. Throws when it fails and when it silently gave nothing: equal keys
 * would follow.
 */
export const fillRandom = (target: Uint8Array): void => {
  target.fill(0)
  platformFill(target)
  if (target.length >= judgedBytes && target.every(byte => byte === 0)) {
    throw new Error('The random generator of this system gave only zeros. Nothing may be encrypted here.')
  }
}
