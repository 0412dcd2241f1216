/** From this length on, zeros alone mean that the generator is broken (one chance in 2¹²⁸). */
const judgedBytes = 16

export type FillRandom = (target: Uint8Array) => void

/** Throws for zeros alone, as a generator leaves them that gives nothing. */
export const refuseZeros = (drawn: Uint8Array): void => {
  if (drawn.length >= judgedBytes && drawn.every(byte => byte === 0)) {
    throw new Error('The random generator of this system gave only zeros. Nothing may be encrypted here.')
  }
}

/**
 * `fill` with a look at what it did: throws when it fails and when it silently gave nothing, since equal keys would follow.
 */
export const judged =
  (fill: (target: Uint8Array<ArrayBuffer>) => unknown): FillRandom =>
  target => {
    target.fill(0)
    fill(target as Uint8Array<ArrayBuffer>)
    refuseZeros(target)
  }
