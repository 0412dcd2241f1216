import type { AccountEvent } from '@qsm/contract'
import { type Caller, QsmError } from '@qsm/server-kit'

type Listener = { readonly sessionEnded: (sessionId: string) => void; readonly userEnded: (userId: string) => void }

/** The sessions and users whose tokens are no longer taken, in memory: asked on every request and told to open sockets. */
export class Revocations {
  readonly #sessions = new Map<string, number>()
  readonly #users = new Map<string, number>()
  readonly #listeners = new Set<Listener>()
  readonly #keepMs: number

  /** `keepMs`: as long as a token may live. */
  constructor(keepMs: number) {
    this.#keepMs = keepMs
  }

  listen(listener: Listener): void {
    this.#listeners.add(listener)
  }

  endSession(sessionId: string, at: number): void {
    this.#sessions.set(sessionId, at)
    for (const { sessionEnded } of this.#listeners) sessionEnded(sessionId)
  }

  endUser(userId: string, at: number): void {
    this.#users.set(userId, at)
    for (const { userEnded } of this.#listeners) userEnded(userId)
  }

  take(event: AccountEvent): void {
    const at = Date.parse(event.at)
    if (event.type === 'session_ended' && event.session_id) this.endSession(event.session_id, at)
    if (event.type === 'disabled' || event.type === 'deleted') this.endUser(event.user_id, at)
    if (event.type === 'enabled') this.#users.delete(event.user_id)
  }

  /** Throws `unauthorized` for a caller whose session or account is over. */
  check(caller: Caller): void {
    if (this.#sessions.has(caller.sessionId) || this.#users.has(caller.userId)) throw new QsmError('unauthorized')
  }

  /** Forgets what no living token can refer to. */
  prune(now: number): void {
    for (const map of [this.#sessions, this.#users]) {
      for (const [id, at] of map) if (at < now - this.#keepMs) map.delete(id)
    }
  }
}
