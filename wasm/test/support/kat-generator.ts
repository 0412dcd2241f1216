import { createCipheriv } from 'node:crypto'

/**
 * The generator of NIST's known answers: AES-256 CTR DRBG without derivation function (SP 800-90A section 10.2.1), as the
 * call for submissions defines it. Returns the function that draws.
 */
export const katGenerator = (seed: Uint8Array): ((bytes: number) => Uint8Array) => {
  let key = new Uint8Array(32)
  let counter = 0n

  const blocks = (count: number): Uint8Array => {
    const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    const plain = Buffer.alloc(16 * count)
    for (let index = 0; index < count; index += 1) {
      counter = (counter + 1n) & ((1n << 128n) - 1n)
      plain.write(counter.toString(16).padStart(32, '0'), 16 * index, 'hex')
    }
    return new Uint8Array(cipher.update(plain))
  }
  const update = (provided: Uint8Array): void => {
    const state = blocks(3).map((byte, index) => byte ^ (provided[index] ?? 0))
    key = state.slice(0, 32)
    counter = BigInt(`0x${Buffer.from(state.subarray(32)).toString('hex')}`)
  }

  update(seed)
  return bytes => {
    const drawn = blocks(Math.ceil(bytes / 16)).slice(0, bytes)
    update(new Uint8Array(48))
    return drawn
  }
}
