import { randomBytes } from 'node:crypto'
import type { PostQuantum } from '@qsm/wasm'

/** Each verifies what the other has signed, and each opens what the other has encapsulated. Throws what does not hold. */
export const crossCheck = async (ours: PostQuantum, other: PostQuantum): Promise<void> => {
  for (const [signs, verifies] of [
    [ours, other],
    [other, ours],
  ] as const) {
    const message = new Uint8Array(randomBytes(100))
    const pair = await signs.signer.generateKeyPair()
    const signature = await signs.signer.sign(pair.secretKey, message)
    if (!(await verifies.signer.verify(pair.publicKey, message, signature))) {
      throw new Error('a Falcon signature of one library does not hold in the other')
    }
    message[0] = (message[0] ?? 0) ^ 1
    if (await verifies.signer.verify(pair.publicKey, message, signature)) {
      throw new Error('a Falcon signature of another message holds')
    }
    const kemPair = await verifies.kem.generateKeyPair()
    const { ciphertext, sharedSecret } = await signs.kem.encapsulate(kemPair.publicKey)
    const opened = await verifies.kem.decapsulate(kemPair.secretKey, ciphertext)
    if (!Buffer.from(opened).equals(sharedSecret)) throw new Error('two ML-KEM do not agree on a secret')
  }
}
