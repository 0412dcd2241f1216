import { randomBytes } from 'node:crypto'
import type { PostQuantum } from '@qsm/wasm'

/** The operations by the names of their metrics. */
export const operationNames = [
  'Falcon sign',
  'Falcon sign, key not kept',
  'Falcon verify',
  'Falcon keygen',
  'ML-KEM keygen',
  'ML-KEM encaps',
  'ML-KEM decaps',
] as const
export type OperationName = (typeof operationNames)[number]

/** What one contender can do, each ready to be called again and again. Messages have 1 024 bytes. */
export type Operations = Partial<Record<OperationName, () => unknown>>

/** Through the ports, as the programs call them: with checks of arguments, wiping and, for new pairs, a trial. */
export const operationsOf = async ({ kem, signer }: PostQuantum): Promise<Operations> => {
  const message = new Uint8Array(randomBytes(1024))
  const pair = await signer.generateKeyPair()
  const signature = await signer.sign(pair.secretKey, message)
  const kemPair = await kem.generateKeyPair()
  const { ciphertext } = await kem.encapsulate(kemPair.publicKey)
  return {
    'Falcon sign': () => signer.sign(pair.secretKey, message),
    'Falcon sign, key not kept': () => signer.sign(pair.secretKey, message),
    'Falcon verify': () => signer.verify(pair.publicKey, message, signature),
    'Falcon keygen': () => signer.generateKeyPair(),
    'ML-KEM keygen': () => kem.generateKeyPair(),
    'ML-KEM encaps': () => kem.encapsulate(kemPair.publicKey),
    'ML-KEM decaps': () => kem.decapsulate(kemPair.secretKey, ciphertext),
  }
}
