import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { isDatabaseTrouble, isRefusedParameter } from '../errors/database-trouble.js'

/** The database cannot be used as configured; the text says what to do, and holds no password. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}

export const connectTimeoutMs = 900

/** How long a start waits for a database that is not there yet, or too busy for a new connection. */
export const startPatienceMs = 30_000
const retryMs = 250

const explain = (cause: unknown, url: string): unknown => {
  const { code, message } = cause as { code?: string; message?: string }
  const { host, pathname, username } = new URL(url)
  const where = `PostgreSQL at ${host || 'its socket'}`
  switch (code) {
    case '28P01':
    case '28000':
      return new DatabaseError(`${where} refuses the user ${username}: correct name and password in DATABASE_URL.`, {
        cause,
      })
    case '3D000':
      return new DatabaseError(`${where} has no database ${pathname.slice(1)}: create it, or correct DATABASE_URL.`, {
        cause,
      })
    case '42501':
      return new DatabaseError(
        `${where} does not let ${username} do this (${message}): grant it CREATE on the database.`,
        { cause },
      )
    case '08P01':
      if (!isRefusedParameter(cause)) break
      return new DatabaseError(
        `${where} is a pooler and refuses this connection (${message}): set DATABASE_POOLER=transaction, and let migrations go to PostgreSQL itself.`,
        { cause },
      )
    default:
  }
  if (!isDatabaseTrouble(cause)) return cause
  const text = `${where} does not answer (${code ?? message}): start it, or correct DATABASE_URL.`
  return new DatabaseError(text, { cause })
}

/**
 * Does what needs the database, again and again for `patienceMs` while it is away. Throws `DatabaseError` with what to do.
 */
export const withPatience = async <T>(url: string, patienceMs: number, work: () => Promise<T>): Promise<T> => {
  const deadline = performance.now() + patienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseTrouble(error) || performance.now() + retryMs > deadline) throw explain(error, url)
      await sleep(retryMs)
    }
  }
}

/** A single connection outside of any pool; a pooler refuses one with settings of its own. */
export const connectOnce = async (
  url: string,
  applicationName: string,
  settings: Pick<pg.ClientConfig, 'lock_timeout'> = {},
): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: applicationName,
    keepAlive: true,
    ...settings,
  })
  client.on('error', () => {}) // The statement under way, or the next one, rejects with the same error.
  await client.connect()
  return client
}

/** Connects once and leaves. Throws `DatabaseError` with what to do. */
export const probeDatabase = (url: string): Promise<void> =>
  withPatience(url, 0, async () => {
    const client = await connectOnce(url, 'qsm-probe')
    await client.end()
  })
