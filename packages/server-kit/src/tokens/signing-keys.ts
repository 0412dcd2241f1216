import { createHash, createSecretKey, type KeyObject } from 'node:crypto'

/** A secret as HMAC key, under a name that does not tell it. */
export interface SigningKey {
  /** The first 8 hex digits of a hash of the secret. */
  readonly kid: string
  /** A KeyObject: jsonwebtoken turns a text into one on each call, which costs fifty times the check. */
  readonly key: KeyObject
}

export const signingKeyOf = (secret: string): SigningKey => ({
  kid: createHash('sha256').update('qsm kid').update(secret).digest('hex').slice(0, 8),
  key: createSecretKey(Buffer.from(secret, 'utf8')),
})
