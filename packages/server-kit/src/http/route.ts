import type { AnswerOf, BodyOf, ParamsOf, QueryOf, RouteContract } from '@qsm/contract'
import type { Logger } from '../log.js'
import type { Caller } from '../tokens/access-tokens.js'

/** What a handler is given: everything checked by the route's contract. */
export interface RequestOf<R extends RouteContract> {
  readonly params: ParamsOf<R>
  readonly query: QueryOf<R>
  readonly body: BodyOf<R>
  /** Who calls; only on routes with `auth: 'access'`. */
  readonly caller: R['auth'] extends 'access' ? Caller : undefined
  /** The caller's token itself, for another service that judges it anew. Never to be stored or logged. */
  readonly accessToken: R['auth'] extends 'access' ? string : undefined
  readonly requestId: string
  /** For limits: an IPv4 address, or an IPv6 network of 64 bits. */
  readonly clientAddress: string
  readonly userAgent: string
  /** The span of the client that asks, by the header of W3C Trace Context; null where there is none or a malformed one. */
  readonly traceparent: string | null
  /** Milliseconds since 1970. */
  readonly arrivedAt: number
  readonly log: Logger
  /** Aborted when the client goes away before the answer. */
  readonly signal: AbortSignal
}

/** A route with its handler. */
export interface BoundRoute {
  readonly contract: RouteContract
  readonly handle: (request: never) => Promise<{ readonly status: number; readonly body?: unknown }>
}

/**
 * Binds a handler to its contract: `route(contract)(handler)`. The compiler holds the handler to the declared statuses
 * and bodies; in two steps, since it then knows the contract before it looks at the answers.
 */
export const route =
  <const R extends RouteContract>(contract: R) =>
  (handler: (request: RequestOf<R>) => Promise<AnswerOf<R>>): BoundRoute => ({
    contract,
    handle: handler as BoundRoute['handle'],
  })

/** The routes of one service, and how it judges tokens. */
export interface RouteGroup {
  readonly routes: readonly BoundRoute[]
  /** The caller behind an access token. Throws `unauthorized`. */
  authenticate(token: string): Caller | Promise<Caller>
  /** Checks the credential of another service. Throws `unauthorized`. */
  authenticateService(token: string): void
  /** A limit over all routes of the group, asked before anything of the request is read. Throws `rate_limited`. */
  limit?(contract: RouteContract, caller: Caller | undefined, clientAddress: string): void | Promise<void>
}
