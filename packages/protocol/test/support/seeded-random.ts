import { createHash } from 'node:crypto'

/** Bytes that are the same at every run: SHA-256 of seed and counter, in blocks. */
export const seededRandom = (seed: string): ((length: number) => Uint8Array) => {
  let counter = 0
  return length => {
    const blocks: Buffer[] = []
    for (let filled = 0; filled < length; filled += 32) {
      blocks.push(createHash('sha256').update(`${seed}/${counter}`).digest())
      counter += 1
    }
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length))
  }
}
