/** The secrets that one step has made. What its result does not keep is overwritten when the step ends. */
export class Scratch {
  readonly #secrets: Uint8Array[] = []

  /** Notes a secret and gives it back. Never hand in what belongs to a state that must stay usable. */
  hold(secret: Uint8Array): Uint8Array {
    this.#secrets.push(secret)
    return secret
  }

  wipeExcept(kept: readonly Uint8Array[]): void {
    const still = new Set(kept)
    for (const secret of this.#secrets) if (!still.has(secret)) secret.fill(0)
  }
}

/**
 * Runs a step that makes secrets. Where it succeeds, those that `keptBy` does not name are overwritten; where it throws, all
 * are: a handshake or an opening that failed leaves nothing (docs/protocol.md section 4).
 */
export const withScratch = async <T>(
  step: (scratch: Scratch) => Promise<T>,
  keptBy: (result: T) => readonly Uint8Array[],
): Promise<T> => {
  const scratch = new Scratch()
  try {
    const result = await step(scratch)
    scratch.wipeExcept(keptBy(result))
    return result
  } catch (error) {
    scratch.wipeExcept([])
    throw error
  }
}
