import { z } from 'zod'
import type { Clock } from '../clock.js'
import { newId } from '../ids.js'
import { isWithinTime, signJwt, type TokenUse, verifyJwt } from './jwt.js'
import { signingKeyOf } from './signing-keys.js'

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
  /** Accepted too: the secret before while its tokens live, or the next one while some pods have it already. */
  readonly previousSecret?: string
  readonly lifeMs: number
  readonly clock: Clock
}

export interface Tokens {
  readonly lifeSeconds: number
  issueAccess(caller: { readonly userId: string; readonly username: string; readonly sessionId: string }): string
  /** Throws `unauthorized` for every token that this service did not make, or that is over (by 5 s or more). */
  verifyAccess(token: string): Caller
  /** A credential by which one service calls another; lives a minute. */
  issueService(name: string): string
  verifyService(token: string): { readonly service: string }
}

const accessUse: TokenUse = { type: 'at+jwt', audience: 'qsm' }
const serviceUse: TokenUse = { type: 'service+jwt', audience: 'qsm-internal' }
const serviceLifeSeconds = 60
const maxRemembered = 10_000

const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
const accessClaims = z.object({ sub: uuid, name: z.string().min(1).max(50), sid: uuid })
const serviceClaims = z.object({ sub: z.string().min(1).max(50) })

/**
 * The tokens that passed: a check costs twenty times a look-up by the whole token. Two generations, of which the older one is
 * dropped when the other is full: so a token that is in use stays, and finding it changes nothing.
 */
const createMemory = (clock: Clock) => {
  let recent = new Map<string, Caller>()
  let older: ReadonlyMap<string, Caller> = new Map()
  const keep = (token: string, caller: Caller): Caller => {
    if (recent.size >= maxRemembered / 2) {
      older = recent
      recent = new Map()
    }
    recent.set(token, caller)
    return caller
  }
  const isLive = ({ expiresAt }: Caller) => isWithinTime(expiresAt / 1000, clock.now() / 1000)
  return {
    keep,
    find(token: string): Caller | undefined {
      const caller = recent.get(token)
      if (caller) return isLive(caller) ? caller : undefined
      const known = older.get(token)
      return known && isLive(known) ? keep(token, known) : undefined
    },
  }
}

/** Access tokens (RFC 9068) and the credentials between services, from one secret or two during a rotation. */
export const createTokens = (options: TokenOptions): Tokens => {
  const key = signingKeyOf(options.secret)
  const keys = options.previousSecret === undefined ? [key] : [key, signingKeyOf(options.previousSecret)]
  const nowSeconds = () => Math.floor(options.clock.now() / 1000)
  const lifeSeconds = Math.floor(options.lifeMs / 1000)
  const memory = createMemory(options.clock)

  return {
    lifeSeconds,
    issueAccess({ userId, username, sessionId }) {
      const claims = { sub: userId, name: username, sid: sessionId, jti: newId() }
      return signJwt(claims, accessUse, key, { issuedAt: nowSeconds(), lifeSeconds })
    },
    verifyAccess(token) {
      const known = memory.find(token)
      if (known) return known
      const { sub, name, sid, iat, exp } = verifyJwt(token, accessUse, keys, nowSeconds(), accessClaims)
      const times = { issuedAt: iat * 1000, expiresAt: exp * 1000 }
      return memory.keep(token, Object.freeze({ userId: sub, username: name, sessionId: sid, ...times }))
    },
    issueService(name) {
      const time = { issuedAt: nowSeconds(), lifeSeconds: serviceLifeSeconds }
      return signJwt({ sub: name, jti: newId() }, serviceUse, key, time)
    },
    verifyService: token => ({ service: verifyJwt(token, serviceUse, keys, nowSeconds(), serviceClaims).sub }),
  }
}
