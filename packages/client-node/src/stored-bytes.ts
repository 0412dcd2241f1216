import { createHash } from 'node:crypto'

const digestBytes = 16

/** 16 bytes of SHA-256 over a name and bytes. It finds what a disk or an editor has damaged, not what a person has forged. */
const digestOf = (name: string, bytes: Uint8Array): Uint8Array =>
  createHash('sha256').update(`${name}\0`).update(bytes).digest().subarray(0, digestBytes)

/** The content of a file: the digest, then the bytes. */
export const packBytes = (name: string, bytes: Uint8Array): Uint8Array => {
  const packed = new Uint8Array(digestBytes + bytes.length)
  packed.set(digestOf(name, bytes))
  packed.set(bytes, digestBytes)
  return packed
}

/** The bytes that were packed under this name; null where they are not whole, or were packed under another one. */
export const unpackBytes = (name: string, packed: Uint8Array): Uint8Array | null => {
  const bytes = packed.subarray(digestBytes)
  const isWhole =
    packed.length >= digestBytes && Buffer.compare(packed.subarray(0, digestBytes), digestOf(name, bytes)) === 0
  return isWhole ? bytes.slice() : null
}
