import type { Duplex } from 'node:stream'
import pg from 'pg'

/** The server's own limit for a statement. */
export const statementTimeoutMs = 1_500
/** What comes on top here, so that this limit only meets servers that do not answer at all. */
const graceMs = 200

type AnyQuery = (...parameters: unknown[]) => unknown

/**
 * A connection that is cut when a statement is not answered in time. The driver's own `query_timeout` gives up the
 * statement but keeps the connection, so a ROLLBACK waits behind it as long again, and the next user of the pool after
 * that. An error between statements (the server went away) is no reason to end the process: the next statement fails.
 */
export class ImpatientClient extends pg.Client {
  /** Changed with the server's `statement_timeout` only. */
  statementTimeoutMs = statementTimeoutMs

  constructor(config?: string | pg.ClientConfig) {
    super(config)
    this.on('error', () => {})
  }

  override query = ((...parameters: unknown[]) => {
    const timer = setTimeout(() => this.#cut(), this.statementTimeoutMs + graceMs)
    const callback = parameters.at(-1)
    const send = super.query.bind(this) as AnyQuery
    if (typeof callback === 'function') {
      const answered = (...results: unknown[]) => {
        clearTimeout(timer)
        callback(...results)
      }
      return send(...parameters.slice(0, -1), answered)
    }
    const result = send(...parameters)
    if (!(result instanceof Promise)) {
      clearTimeout(timer) // A cursor takes its time.
      return result
    }
    return result.finally(() => clearTimeout(timer))
  }) as pg.Client['query']

  #cut(): void {
    const { stream } = (this as unknown as { connection: { stream: Duplex } }).connection
    const text = `PostgreSQL did not answer within ${this.statementTimeoutMs + graceMs} ms`
    stream.destroy(Object.assign(new Error(text), { code: 'ETIMEDOUT' }))
  }
}
