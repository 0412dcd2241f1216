import { createHash, randomBytes } from 'node:crypto'

const prefix = 'qsr_'

/** A new refresh token: 32 random bytes as text, with a prefix by which a leaked one can be found. */
export const newRefreshToken = (): string => prefix + randomBytes(32).toString('base64url')

/** What the database holds in place of the token: its SHA-256, 32 bytes. */
export const refreshTokenHash = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest()
