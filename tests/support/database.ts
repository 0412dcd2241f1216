import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../services/standalone/src/embedded-postgres/start.js'

export interface TestDatabase {
  readonly url: string
  drop(): Promise<void>
}

const onServer = async (serverUrl: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

const createDatabaseOn = async (serverUrl: string): Promise<TestDatabase> => {
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(serverUrl, `CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onServer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

/** A new, empty database on the real server of this test run. */
export const createTestDatabase = (): Promise<TestDatabase> => createDatabaseOn(inject('postgresUrl'))

/** A server of its own for a test that takes it away; it keeps address, password and data from start to start. */
export interface TestPostgres {
  /** A new, empty database on it. */
  createDatabase(): Promise<{ readonly url: string }>
  /** Clean stop. Connections are cut. */
  stop(): Promise<void>
  /** kill -9 of all its processes. */
  kill(): Promise<void>
  /** All processes stand still, without closing a connection, until `resume`. */
  freeze(): void
  resume(): void
  start(): Promise<void>
  /** Stops it and removes its data. */
  remove(): Promise<void>
}

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

/** Starts a server that belongs to one test alone. */
export const startTestPostgres = async (): Promise<TestPostgres> => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'qsm-test-postgres-'))
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataFolder, durable: false })
  const { url, port } = server
  // Each backend leads a group of its own, so a signal to the postmaster's group would miss them.
  const signal = (name: NodeJS.Signals) => {
    for (const pid of [server.pid, ...childrenOf(server.pid)]) {
      try {
        process.kill(pid, name)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // A worker has ended by itself.
      }
    }
  }
  return {
    createDatabase: () => createDatabaseOn(url),
    stop: () => server.stop(),
    freeze: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async kill() {
      signal('SIGKILL')
      await server.ended
      await server.stop()
    },
    async start() {
      server = await startEmbeddedPostgres({ dataFolder, durable: false, port })
    },
    async remove() {
      await server.stop()
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}
