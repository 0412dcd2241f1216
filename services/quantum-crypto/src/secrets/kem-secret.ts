import { type Algorithms, hkdf, wipe } from '@qsm/protocol'

const label = 'QSM/1 rest kem'
const secretBytes = 32
const zeros = new Uint8Array(32)

export const kdfName = `HKDF-SHA256, "${label}"`

const infoOf = async (
  { classical }: Pick<Algorithms, 'classical'>,
  { publicKey, ciphertext, sessionId }: Omit<Encapsulated, 'sharedSecret'>,
): Promise<Uint8Array> => {
  const session = Buffer.from(sessionId, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(session.length)
  const hashes = [await classical.sha256(publicKey), await classical.sha256(ciphertext)]
  return new Uint8Array(Buffer.concat([Buffer.from(label, 'ascii'), ...hashes, length, session]))
}

interface Encapsulated {
  /** 1184 bytes. */
  readonly publicKey: Uint8Array
  /** 1088 bytes. */
  readonly ciphertext: Uint8Array
  /** Any text that both sides use. */
  readonly sessionId: string
  /** The secret of ML-KEM, 32 bytes; wiped here. */
  readonly sharedSecret: Uint8Array
}

/**
 * What leaves in the place of an ML-KEM secret: `HKDF(32 zero bytes, ss, "QSM/1 rest kem" ‖ SHA-256(ek) ‖ SHA-256(ct) ‖
 * lp(session_id), 32)` with SHA-256 (RFC 5869). Bound to key, ciphertext and session, and good for nothing else.
 */
export const deriveKemSecret = async (
  algorithms: Pick<Algorithms, 'classical'>,
  encapsulated: Encapsulated,
): Promise<Uint8Array> => {
  try {
    return await hkdf(
      algorithms.classical,
      zeros,
      encapsulated.sharedSecret,
      await infoOf(algorithms, encapsulated),
      secretBytes,
    )
  } finally {
    wipe(encapsulated.sharedSecret)
  }
}
