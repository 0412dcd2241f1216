import { createHmac, hkdfSync } from 'node:crypto'

const keyBytes = 32
/** 128 bits: two people do not meet in one key. */
const tagBytes = 16

/** The key in Redis under which a limit counts somebody. */
export type LimitKeys = (name: string, whom: string) => string

/**
 * Keys that tell nobody whom they count: HMAC-SHA256 of user, device or address under a key that comes out of the token
 * secret (HKDF, RFC 5869), cut to 16 bytes. All pods have that secret, whoever reads Redis has not.
 */
export const createLimitKeys = (secret: string): LimitKeys => {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'qsm limit keys', keyBytes))
  return (name, whom) => {
    const tag = createHmac('sha256', key).update(`${name}\0${whom}`, 'utf8').digest().subarray(0, tagBytes)
    return `qsm:limit:${name}:${tag.toString('base64url')}`
  }
}
