import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LoginOptions, type Message, memoryStore, QsmClient, type Store } from '@qsm/client'
import { nodeSocket } from '@qsm/client-node'
import { readConfig, type Standalone, startStandalone } from '@qsm/standalone'
import pg from 'pg'
import { createTestDatabase } from './database.js'

/** A whole server in this process, on a database of its own. */
export interface SdkServer {
  readonly url: string
  /** Stops it and starts it again on the same port and database. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>
  stop(): Promise<void>
  start(environment?: Readonly<Record<string, string>>): Promise<void>
  /** Changes its database behind its back. */
  sql(statement: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** Stops it for good and drops the database. */
  end(): Promise<void>
}

export const startSdkServer = async (environment: Readonly<Record<string, string>> = {}): Promise<SdkServer> => {
  const database = await createTestDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'qsm-sdk-'))
  let running: Standalone | null = null
  let port = '0'
  const start = async (more: Readonly<Record<string, string>> = {}) => {
    const config = readConfig({
      QSM_ENV: 'test',
      DATABASE_URL: database.url,
      QSM_DATA_DIR: folder,
      PORT: port,
      QUANTUM_PORT: '0',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'fatal',
      DRAIN_SECONDS: '1',
      ...environment,
      ...more,
    })
    running = await startStandalone(config)
    port = String(running.port)
  }
  const stop = async () => {
    await running?.stop()
    running = null
  }
  await start()
  return {
    get url() {
      return `http://127.0.0.1:${port}`
    },
    start,
    stop,
    async restart(more) {
      await stop()
      await start(more)
    },
    async sql(statement, values = []) {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      try {
        return (await client.query(statement, [...values])).rows
      } finally {
        await client.end()
      }
    },
    async end() {
      await stop()
      await database.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const password = 'correct horse battery'
/** Names of their own for each test, so that tests share a server. */
export const newName = (who: string): string => `${who}-${randomBytes(5).toString('hex')}`

/** People with few prekeys, which are quicker to make. */
export interface People {
  options(store?: Store): Omit<LoginOptions, 'username' | 'password'>
  register(name: string, options?: Partial<LoginOptions>): Promise<QsmClient>
  login(name: string, options?: Partial<LoginOptions>): Promise<QsmClient>
  resume(store: Store, options?: Partial<LoginOptions>): Promise<QsmClient>
  closeAll(): Promise<void>
}

export const createPeople = (url: () => string): People => {
  const opened: QsmClient[] = []
  const keep = (client: QsmClient): QsmClient => {
    opened.push(client)
    return client
  }
  const options = (store: Store = memoryStore()) => ({ url: url(), store, openSocket: nodeSocket, prekeys: 5 })
  return {
    options,
    register: async (username, more = {}) =>
      keep(await QsmClient.register({ ...options(), username, email: `${username}@example.org`, password, ...more })),
    login: async (username, more = {}) => keep(await QsmClient.login({ ...options(), username, password, ...more })),
    resume: async (store, more = {}) => keep(await QsmClient.resume({ ...options(store), ...more })),
    async closeAll() {
      await Promise.all(opened.splice(0).map(client => client.close()))
    },
  }
}

/** All that `receive` hands out. */
export const receiveAll = async (client: QsmClient): Promise<readonly Message[]> => {
  const messages: Message[] = []
  for await (const message of client.receive()) messages.push(message)
  return messages
}

/** The next `count` messages of a client that listens. */
export const takeMessages = async (client: QsmClient, count: number): Promise<readonly Message[]> => {
  const messages: Message[] = []
  for await (const message of client.messages()) {
    messages.push(message)
    if (messages.length === count) break
  }
  return messages
}

/** A client that accepts everybody. */
export const welcoming = (client: QsmClient): QsmClient => {
  client.on('request', request => request.accept())
  return client
}
