import { traceparentForm } from '@qsm/contract'
import type { ExtendableContext } from 'koa'
import { networkOf } from '../limits/network-of.js'
import type { Logger } from '../log.js'
import type { Caller } from '../tokens/access-tokens.js'

interface Parts {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly caller: Caller | undefined
  readonly accessToken: string | undefined
  readonly requestId: string
  readonly arrivedAt: number
}

/** What a handler is given. Address, log and signal are made when first asked for: most handlers need none of them. */
export class RouteRequest {
  readonly #context: ExtendableContext
  readonly #log: Logger
  readonly #accessToken: string | undefined
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly caller: Caller | undefined
  readonly requestId: string
  readonly arrivedAt: number

  constructor(context: ExtendableContext, log: Logger, parts: Parts) {
    this.#context = context
    this.#log = log
    this.params = parts.params
    this.query = parts.query
    this.body = parts.body
    this.caller = parts.caller
    this.#accessToken = parts.accessToken
    this.requestId = parts.requestId
    this.arrivedAt = parts.arrivedAt
  }

  /** Not a field: whoever logs a request by mistake logs no token. */
  get accessToken(): string | undefined {
    return this.#accessToken
  }

  /** For limits: of an IPv6 address its network of 64 bits, since a client has a whole one to choose from. */
  get clientAddress(): string {
    return networkOf(this.#context.ip)
  }

  get traceparent(): string | null {
    const given = this.#context.req.headers.traceparent
    return typeof given === 'string' && traceparentForm.test(given) ? given : null
  }

  get userAgent(): string {
    return this.#context.req.headers['user-agent'] ?? ''
  }

  /** The service's log with the id of this request in each line. */
  get log(): Logger {
    return this.#log.child({ requestId: this.requestId })
  }

  /** Aborted when the client goes away before the answer. */
  get signal(): AbortSignal {
    const { res } = this.#context
    const controller = new AbortController()
    const closed = () => {
      if (!res.writableFinished) controller.abort()
    }
    if (res.closed) closed()
    else res.once('close', closed)
    return controller.signal
  }
}
