import nodeCrypto, { type KeyObject, randomBytes } from 'node:crypto'
import type { PostQuantum } from '@qsm/wasm'

export const operationNames = [
  'falcon-keygen',
  'falcon-sign',
  'falcon-verify',
  'kem-keygen',
  'kem-encapsulate',
  'kem-decapsulate',
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
    'falcon-keygen': () => signer.generateKeyPair(),
    'falcon-sign': () => signer.sign(pair.secretKey, message),
    'falcon-verify': () => signer.verify(pair.publicKey, message, signature),
    'kem-keygen': () => kem.generateKeyPair(),
    'kem-encapsulate': () => kem.encapsulate(kemPair.publicKey),
    'kem-decapsulate': () => kem.decapsulate(kemPair.secretKey, ciphertext),
  }
}

/** Node has ML-KEM from 24.7 on; the types here are older. */
interface NodeKem {
  generateKeyPairSync(name: 'ml-kem-768'): { publicKey: KeyObject; privateKey: KeyObject }
  encapsulate(key: KeyObject): { ciphertext: Buffer; sharedKey: Buffer }
  decapsulate(key: KeyObject, ciphertext: Buffer): Buffer
}

/** ML-KEM of the OpenSSL in Node, with its keys kept as objects; null where this Node has none. */
export const nodeOperations = (): Operations | null => {
  const node = nodeCrypto as unknown as Partial<NodeKem>
  if (!node.encapsulate || !node.decapsulate || !node.generateKeyPairSync) return null
  const { generateKeyPairSync, encapsulate, decapsulate } = node as NodeKem
  const { publicKey, privateKey } = generateKeyPairSync('ml-kem-768')
  const { ciphertext } = encapsulate(publicKey)
  return {
    'kem-keygen': () => generateKeyPairSync('ml-kem-768'),
    'kem-encapsulate': () => encapsulate(publicKey),
    'kem-decapsulate': () => decapsulate(privateKey, ciphertext),
  }
}
