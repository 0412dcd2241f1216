import nodeCrypto, { type KeyObject } from 'node:crypto'
import type { Kem } from '@qsm/protocol'
import type { Operations } from './operations.js'

/** Node has ML-KEM from 24.7 on; the types here are older. */
interface WithKem {
  generateKeyPairSync(name: 'ml-kem-768'): { publicKey: KeyObject; privateKey: KeyObject }
  encapsulate(key: KeyObject): { ciphertext: Buffer; sharedKey: Buffer }
  decapsulate(key: KeyObject, ciphertext: Buffer): Buffer
}

export interface NodeKem {
  readonly operations: Operations
  /** Throws where it and another ML-KEM do not agree on a secret. */
  readonly check: (kem: Kem) => Promise<void>
}

/** ML-KEM of the OpenSSL in Node, with its keys kept as objects; null where this Node has none. */
export const loadNodeKem = (): NodeKem | null => {
  const node = nodeCrypto as unknown as Partial<WithKem>
  if (!node.encapsulate || !node.decapsulate || !node.generateKeyPairSync) return null
  const { generateKeyPairSync, encapsulate, decapsulate } = node as WithKem
  const { publicKey, privateKey } = generateKeyPairSync('ml-kem-768')
  const { ciphertext } = encapsulate(publicKey)
  return {
    operations: {
      'ML-KEM keygen': () => generateKeyPairSync('ml-kem-768'),
      'ML-KEM encaps': () => encapsulate(publicKey),
      'ML-KEM decaps': () => decapsulate(privateKey, ciphertext),
    },
    async check(kem) {
      // The raw key is the end of the SubjectPublicKeyInfo.
      const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-kem.publicKeyBytes))
      const made = await kem.encapsulate(raw)
      if (decapsulate(privateKey, Buffer.from(made.ciphertext)).equals(made.sharedSecret)) return
      throw new Error('the ML-KEM of Node and ours do not agree on a secret')
    },
  }
}
