import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../log.js'
import type { Caller } from '../tokens/access-tokens.js'

interface Parts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly caller: Caller | undefined
  readonly requestId: string
  readonly clientAddress: string
  readonly arrivedAt: number
  readonly log: Logger
}

/** What a handler is given. Log and signal are made when first asked for: most handlers need neither. */
export class RouteRequest {
  readonly #parts: Parts
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly caller: Caller | undefined
  readonly requestId: string
  readonly clientAddress: string
  readonly arrivedAt: number

  constructor(parts: Parts) {
    this.#parts = parts
    this.params = parts.params
    this.query = parts.query
    this.body = parts.body
    this.caller = parts.caller
    this.requestId = parts.requestId
    this.clientAddress = parts.clientAddress
    this.arrivedAt = parts.arrivedAt
  }

  get userAgent(): string {
    return this.#parts.request.headers['user-agent'] ?? ''
  }

  /** The service's log with the id of this request in each line. */
  get log(): Logger {
    return this.#parts.log.child({ requestId: this.requestId })
  }

  /** Aborted when the client goes away before the answer. */
  get signal(): AbortSignal {
    const { response } = this.#parts
    const controller = new AbortController()
    const closed = () => {
      if (!response.writableFinished) controller.abort()
    }
    if (response.closed) closed()
    else response.once('close', closed)
    return controller.signal
  }
}
