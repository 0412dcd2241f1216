import { createHash, randomBytes } from 'node:crypto'

const prefix = 'qsr_'
const form = /^qsr_[\w-]{43}$/
const familyBytes = 16
const ownBytes = 16

/** The secret that all refresh tokens of one session share, 16 random bytes: whoever knows it has had one of them. */
export const newTokenFamily = (): Buffer => randomBytes(familyBytes)

/** The family of a refresh token: its first 16 bytes. Null where it has not the form of one. */
export const tokenFamilyOf = (token: string): Buffer | null =>
  form.test(token) ? Buffer.from(token.slice(prefix.length), 'base64url').subarray(0, familyBytes) : null

/** A new refresh token: its family and 16 random bytes as text, with a prefix by which a leaked one can be found. */
export const newRefreshToken = (family: Buffer): string =>
  prefix + Buffer.concat([family, randomBytes(ownBytes)]).toString('base64url')

/** What the database holds in place of a token or of its family: the SHA-256, 32 bytes. */
export const refreshTokenHash = (secret: string | Buffer): Buffer => createHash('sha256').update(secret).digest()
