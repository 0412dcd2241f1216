import { randomFillSync } from 'node:crypto'

const pool = new Uint8Array(16_384)
let used = pool.length

/**
 * Random bytes of the platform's generator, at most 1024 at a time. They are cut from a pool, since a call costs ten times
 * the copy; the pool forgets what it has given.
 */
export const randomBytes = (length: number): Uint8Array => {
  if (!Number.isInteger(length) || length < 0 || length > 1_024) throw new RangeError('0 to 1024 random bytes')
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = pool.slice(used, used + length)
  pool.fill(0, used, used + length)
  used += length
  return bytes
}

/** A random number from 0 up to 1, for spreading things in time. */
export const randomFraction = (): number => {
  const [a = 0, b = 0, c = 0, d = 0] = randomBytes(4)
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 0x1_0000_0000
}
