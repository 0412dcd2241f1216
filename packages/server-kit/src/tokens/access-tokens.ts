import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import type { Clock } from '../clock.js'
import { QsmError } from '../errors/qsm-error.js'
import { newId } from '../ids.js'

/** Who calls, as the access token says. Times are milliseconds since 1970. */
export interface Caller {
  readonly userId: string
  readonly username: string
  readonly sessionId: string
  readonly issuedAt: number
  readonly expiresAt: number
}

export interface TokenOptions {
  /** Signs (HS256). */
  readonly secret: string
  /** Still accepted while its tokens live. */
  readonly previousSecret?: string
  readonly lifeMs: number
  readonly clock: Clock
}

export interface Tokens {
  readonly lifeSeconds: number
  issueAccess(caller: { readonly userId: string; readonly username: string; readonly sessionId: string }): string
  /** Throws `unauthorized` for every token that this service did not make, or that is over. */
  verifyAccess(token: string): Caller
  /** A credential by which one service calls another; lives a minute. */
  issueService(name: string): string
  verifyService(token: string): { readonly service: string }
}

const issuer = 'qsm'
const audience = 'qsm'
const serviceAudience = 'qsm-internal'
const leewaySeconds = 30
const maxTokenCharacters = 4_096

const accessClaims = z.object({
  sub: z.uuid(),
  name: z.string().min(1).max(50),
  sid: z.uuid(),
  iat: z.int(),
  exp: z.int(),
})
const serviceClaims = z.object({ sub: z.string().min(1).max(50), iat: z.int(), exp: z.int() })

/** The first 8 hex digits of the secret's SHA-256 name it without telling it. */
const keyOf = (secret: string): readonly [string, KeyObject] => [
  createHash('sha256').update('qsm kid').update(secret).digest('hex').slice(0, 8),
  // A KeyObject: jsonwebtoken turns a string into one on each call, which costs fifty times the check.
  createSecretKey(Buffer.from(secret, 'utf8')),
]

/** JWT (RFC 7519, RFC 9068) under HS256, with the algorithm, issuer, audience and type pinned (RFC 8725). */
export const createTokens = (options: TokenOptions): Tokens => {
  const current = keyOf(options.secret)
  const keys = new Map([current, ...(options.previousSecret === undefined ? [] : [keyOf(options.previousSecret)])])
  const nowSeconds = () => Math.floor(options.clock.now() / 1000)

  const sign = (claims: object, type: string, forAudience: string, lifeSeconds: number) => {
    const iat = nowSeconds()
    const payload = { ...claims, iss: issuer, aud: forAudience, iat, exp: iat + lifeSeconds, jti: newId() }
    return jwt.sign(payload, current[1], { algorithm: 'HS256', header: { alg: 'HS256', typ: type, kid: current[0] } })
  }

  const verify = <T>(token: string, type: string, forAudience: string, schema: z.ZodType<T>): T => {
    if (token.length > maxTokenCharacters) throw new QsmError('unauthorized')
    try {
      const header = jwt.decode(token, { complete: true })?.header as (jwt.JwtHeader & { crit?: unknown }) | undefined
      const key = keys.get(String(header?.kid))
      if (!header || !key || header.typ !== type || header.alg !== 'HS256' || header.crit !== undefined) {
        throw new QsmError('unauthorized')
      }
      const claims = jwt.verify(token, key, {
        algorithms: ['HS256'],
        issuer,
        audience: forAudience,
        clockTolerance: leewaySeconds,
        clockTimestamp: nowSeconds(),
      })
      const parsed = schema.parse(claims)
      if ((parsed as { iat: number }).iat > nowSeconds() + leewaySeconds) throw new QsmError('unauthorized')
      return parsed
    } catch (cause) {
      throw cause instanceof QsmError ? cause : new QsmError('unauthorized', undefined, { cause })
    }
  }

  const lifeSeconds = Math.floor(options.lifeMs / 1000)
  return {
    lifeSeconds,
    issueAccess: ({ userId, username, sessionId }) =>
      sign({ sub: userId, name: username, sid: sessionId }, 'at+jwt', audience, lifeSeconds),
    verifyAccess(token) {
      const claims = verify(token, 'at+jwt', audience, accessClaims)
      return {
        userId: claims.sub,
        username: claims.name,
        sessionId: claims.sid,
        issuedAt: claims.iat * 1000,
        expiresAt: claims.exp * 1000,
      }
    },
    issueService: name => sign({ sub: name }, 'service+jwt', serviceAudience, 60),
    verifyService: token => ({ service: verify(token, 'service+jwt', serviceAudience, serviceClaims).sub }),
  }
}
