import type { AccountEvent } from '@qsm/contract'
import { QsmError } from '../errors/qsm-error.js'
import type { Caller } from '../tokens/access-tokens.js'

/** Tokens that are no longer taken: those of one session, or those of a user that were issued at or before `at`. */
export interface Revoked {
  readonly userId: string
  /** Null for every session of the user. */
  readonly sessionId: string | null
  /** Milliseconds since 1970. */
  readonly at: number
}

export type RevokedHandler = (revoked: Revoked) => void

const revokesAll: ReadonlySet<AccountEvent['type']> = new Set(['disabled', 'deleted'])

/** What an event of the feed revokes, or null. */
export const revokedBy = (event: AccountEvent): Revoked | null => {
  const at = Date.parse(event.at)
  if (event.type === 'session_ended') return { userId: event.user_id, sessionId: event.session_id, at }
  return revokesAll.has(event.type) ? { userId: event.user_id, sessionId: null, at } : null
}

/** The revocations that a living token may meet, in memory: every request and every open socket is held against them. */
export class Revocations {
  readonly #sessions = new Map<string, number>()
  readonly #users = new Map<string, number>()
  readonly #handlers = new Set<RevokedHandler>()
  readonly #keepMs: number

  /** `keepMs`: as long as a token may live. */
  constructor(keepMs: number) {
    this.#keepMs = keepMs
  }

  /** Calls the handler for each revocation from now on. Returns the function that ends this. */
  onRevoked(handler: RevokedHandler): () => void {
    this.#handlers.add(handler)
    return () => {
      this.#handlers.delete(handler)
    }
  }

  add(revoked: Revoked): void {
    if (revoked.sessionId !== null) this.#sessions.set(revoked.sessionId, revoked.at)
    else this.#users.set(revoked.userId, Math.max(revoked.at, this.#users.get(revoked.userId) ?? 0))
    for (const handler of this.#handlers) handler(revoked)
  }

  /** Throws `unauthorized` for a caller whose token was revoked. */
  check(caller: Pick<Caller, 'userId' | 'sessionId' | 'issuedAt'>): void {
    const userEndedAt = this.#users.get(caller.userId)
    const isOver = userEndedAt !== undefined && caller.issuedAt <= userEndedAt
    if (isOver || this.#sessions.has(caller.sessionId)) throw new QsmError('unauthorized')
  }

  /** Forgets what no living token can meet. */
  prune(now: number): void {
    for (const map of [this.#sessions, this.#users]) {
      for (const [id, at] of map) if (at < now - this.#keepMs) map.delete(id)
    }
  }
}
