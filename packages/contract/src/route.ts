import type { z } from 'zod'
import type { ErrorCode } from './errors.js'

export type ServiceName = 'auth' | 'message' | 'quantum-crypto' | 'main'
export type HttpMethod = 'get' | 'post' | 'put' | 'delete'

/** What a route answers with one status. `body` is left out where there is none (204). */
export interface RouteResponse {
  readonly description: string
  readonly body?: z.ZodType
  readonly contentType?: string
  /** A body that the document shows; it fits `body`. */
  readonly example?: unknown
}

/**
 * One route of the public contract: the services validate by it, the OpenAPI document is generated from it, and tests
 * check answers against it.
 */
export interface RouteContract {
  readonly operationId: string
  readonly service: ServiceName
  readonly method: HttpMethod
  /** OpenAPI form, `/api/users/{username}/devices`. */
  readonly path: string
  readonly summary: string
  readonly description?: string
  /** `open` needs no token, `access` a user's access token, `service` the credential of another service. */
  readonly auth: 'open' | 'access' | 'service'
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** A request body that the document shows; it fits `body`. */
  readonly example?: unknown
  /** A form (`application/x-www-form-urlencoded`) is accepted beside JSON. */
  readonly form?: boolean
  /** 262 144 unless stated. */
  readonly maxBodyBytes?: number
  readonly responses: Readonly<Record<number, RouteResponse>>
  /** Codes of this route beyond those that every route may give (route-errors.ts). */
  readonly errors?: readonly ErrorCode[]
}

/** Keeps the literal types of a route, so that handlers are typed by its schemas. */
export const defineRoute = <const R extends RouteContract>(route: R): R => Object.freeze(route)

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined
export type ParamsOf<R extends RouteContract> = Parsed<R['params']>
export type QueryOf<R extends RouteContract> = Parsed<R['query']>
export type BodyOf<R extends RouteContract> = Parsed<R['body']>

/** The answers that a route may give: `{status, body}` for each declared response. */
export type AnswerOf<R extends RouteContract> = {
  [S in keyof R['responses'] & number]: R['responses'][S] extends { body: infer B extends z.ZodType }
    ? { readonly status: S; readonly body: z.input<B> }
    : { readonly status: S }
}[keyof R['responses'] & number]
