import { randomFillSync } from 'node:crypto'
import { AlgorithmLoadError } from './errors.js'

/** A source that silently returns nothing would give equal keys: two blocks must differ from zero and each other. */
export const assertFreshRandomness = (fill: (block: Uint8Array) => unknown = randomFillSync): void => {
  const [first, second] = [new Uint8Array(32), new Uint8Array(32)]
  fill(first)
  fill(second)
  const isZero = (block: Uint8Array) => block.every(byte => byte === 0)
  if (isZero(first) || isZero(second) || first.every((byte, index) => byte === second[index])) {
    throw new AlgorithmLoadError('The random generator of this system gives no randomness. Nothing can be encrypted here.')
  }
}
