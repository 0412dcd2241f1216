import { createHmac, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import { QsmError } from '../errors/qsm-error.js'
import type { SigningKey } from './signing-keys.js'

/** What a token is for; a token of one use never passes for one of another. */
export interface TokenUse {
  /** The `typ` header. */
  readonly type: string
  readonly audience: string
}

const issuer = 'qsm'
/** For clocks that differ. A token that is over is no longer taken within 5 s, whichever pod is asked. */
const expiryLeewaySeconds = 5
const issuedLeewaySeconds = 30
const maxTokenCharacters = 4_096
const tokenForm = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/

const pinned = z.object({ aud: z.string(), iat: z.int(), exp: z.int() })

/** The text behind base64url; null where there is another base64url for the same bytes, so that no token has two forms. */
const textOf = (part: string): string | null => {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes.toString('utf8') : null
}

/** A member that stands twice is read in two ways by two parsers, so only the text that JSON itself would write is taken. */
const parseStrictly = (text: string | null): unknown => {
  const value: unknown = JSON.parse(text ?? '')
  if (JSON.stringify(value) !== text) throw new TypeError('not the one JSON text of its value')
  return value
}

const keyFor = (header: unknown, use: TokenUse, keys: readonly SigningKey[]): KeyObject => {
  const { alg, typ, kid, ...others } = header as Record<string, unknown>
  const known = keys.find(key => key.kid === kid)
  if (alg !== 'HS256' || typ !== use.type || !known || Object.keys(others).length > 0) throw new TypeError('header')
  return known.key
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')

/**
 * Signs claims as a JWT (RFC 7519) under HS256, with issuer, audience and times. Times are seconds since 1970. Not by the
 * library that checks: it takes several times as long for the same text.
 */
export const signJwt = (
  claims: object,
  use: TokenUse,
  key: SigningKey,
  time: { readonly issuedAt: number; readonly lifeSeconds: number },
): string => {
  const times = { iat: time.issuedAt, exp: time.issuedAt + time.lifeSeconds }
  const header = encode({ alg: 'HS256', typ: use.type, kid: key.kid })
  const text = `${header}.${encode({ ...claims, iss: issuer, aud: use.audience, ...times })}`
  return `${text}.${createHmac('sha256', key.key).update(text).digest('base64url')}`
}

/**
 * The claims of a token with everything pinned that RFC 8725 says to pin: algorithm, key by `kid`, type, issuer, audience,
 * both times. Throws `unauthorized`, without saying why, for everything that `signJwt` did not make.
 */
export const verifyJwt = <T>(
  token: string,
  use: TokenUse,
  keys: readonly SigningKey[],
  nowSeconds: number,
  schema: z.ZodType<T>,
): T & { readonly iat: number; readonly exp: number } => {
  try {
    if (token.length > maxTokenCharacters) throw new TypeError('length')
    const [, header = '', payload = '', signature = ''] = tokenForm.exec(token) ?? []
    const key = keyFor(parseStrictly(textOf(header)), use, keys)
    if (textOf(signature) === null) throw new TypeError('signature')
    const claims = jwt.verify(token, key, {
      algorithms: ['HS256'],
      issuer,
      audience: use.audience,
      clockTolerance: expiryLeewaySeconds,
      clockTimestamp: nowSeconds,
    })
    parseStrictly(textOf(payload))
    const { iat, exp } = pinned.parse(claims)
    if (iat > nowSeconds + issuedLeewaySeconds) throw new TypeError('issued in the future')
    return { ...schema.parse(claims), iat, exp }
  } catch (cause) {
    throw new QsmError('unauthorized', undefined, { cause })
  }
}

/** Whether a token that once passed is still within its time. */
export const isWithinTime = (expSeconds: number, nowSeconds: number): boolean =>
  nowSeconds < expSeconds + expiryLeewaySeconds
