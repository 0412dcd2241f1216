import type { Algorithms } from '../../src/index.js'

interface Secret {
  readonly what: string
  /** The very array that was given out. */
  readonly array: Uint8Array
  /** Its bytes at that time. */
  readonly bytes: Uint8Array
}

/** Algorithms that remember every secret they give out, by reference and by value. */
export const trackSecrets = (algorithms: Algorithms) => {
  const secrets: Secret[] = []
  const note = (what: string, array: Uint8Array): Uint8Array => {
    secrets.push({ what, array, bytes: array.slice() })
    return array
  }
  const { kem, classical } = algorithms
  const tracked: Algorithms = {
    ...algorithms,
    kem: {
      ...kem,
      generateKeyPair: async () => {
        const pair = await kem.generateKeyPair()
        note('ML-KEM private key', pair.secretKey)
        return pair
      },
      encapsulate: async publicKey => {
        const made = await kem.encapsulate(publicKey)
        note('KEM secret', made.sharedSecret)
        return made
      },
      decapsulate: async (secretKey, ciphertext) => note('KEM secret', await kem.decapsulate(secretKey, ciphertext)),
    },
    classical: {
      ...classical,
      generateP256: async () => {
        const pair = await classical.generateP256()
        note('P-256 private key', pair.secretKey)
        return pair
      },
      ecdh: async (own, peer) => note('ECDH secret', await classical.ecdh(own, peer)),
      hmacSha256: async (key, data) => note('HMAC', await classical.hmacSha256(key, data)),
      aesGcmOpen: async (...input) => {
        const opened = await classical.aesGcmOpen(...input)
        if (opened) note('padded plaintext', opened)
        return opened
      },
    },
  }
  return { algorithms: tracked, secrets }
}

/** Every byte array that can be reached from `root` by properties, entries and elements. */
const arraysOf = (root: unknown): Set<ArrayBufferLike> => {
  const seen = new Set<object>()
  const buffers = new Set<ArrayBufferLike>()
  const waiting: unknown[] = [root]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) continue
    seen.add(value)
    if (ArrayBuffer.isView(value)) {
      buffers.add(value.buffer)
      continue
    }
    if (value instanceof Map) for (const [key, entry] of value) waiting.push(key, entry)
    if (value instanceof Set) waiting.push(...value)
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key)
      if (property && 'value' in property) waiting.push(property.value)
    }
  }
  return buffers
}

/** Whether these bytes stand anywhere in what can be reached from `root`, also in the rest of a buffer behind a view. */
export const isReachable = (root: unknown, bytes: Uint8Array): boolean => {
  for (const buffer of arraysOf(root)) if (Buffer.from(buffer as ArrayBuffer).includes(Buffer.from(bytes))) return true
  return false
}
