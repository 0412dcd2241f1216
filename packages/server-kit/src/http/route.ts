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
  readonly requestId: string
  readonly clientAddress: string
  readonly userAgent: string
  /** Milliseconds since 1970. */
  readonly arrivedAt: number
  readonly log: Logger
}

export type Handler<R extends RouteContract> = (request: RequestOf<R>) => Promise<AnswerOf<R>>

/** A route with its handler. */
export interface BoundRoute {
  readonly contract: RouteContract
  readonly handle: (request: never) => Promise<{ readonly status: number; readonly body?: unknown }>
}

/** Binds a handler to its contract; the compiler holds it to the declared statuses and bodies. */
export const route = <const R extends RouteContract>(contract: R, handler: Handler<R>): BoundRoute => ({
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
}
