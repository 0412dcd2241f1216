import { randomBytes } from 'node:crypto'
import {
  createHttpApp,
  createMemoryBus,
  createMetrics,
  createTokens,
  type Logger,
  listenHttp,
  migrate,
  newId,
  type RateLimits,
  Secret,
} from '@qsm/server-kit'
import { checkedQuantumFetch } from '../../../../tests/support/checked-fetch.js'
import { createTestDatabase } from '../../../../tests/support/database.js'
import { createHandClock, type HandClock } from '../../../../tests/support/hand-clock.js'
import { createHandFeed, type HandFeed } from '../../../../tests/support/hand-feed.js'
import { noRateLimits } from '../../../../tests/support/no-rate-limits.js'
import { silentLog } from '../../../../tests/support/silent-log.js'
import type { KeyEncryptionKey } from '../../src/at-rest/key-encryption-key.js'
import { createLocalKek } from '../../src/at-rest/local-kek.js'
import type { PerMinute } from '../../src/callers/user-limits.js'
import type { QuantumContext } from '../../src/context.js'
import {
  createQuantumApp,
  createQuantumContext,
  type QuantumApp,
  quantumMigrations,
  quantumSchema,
} from '../../src/index.js'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the contract is checked by checkedQuantumFetch; tests read fields at will.
  readonly body: any
  readonly retryAfter: string | null
}

/** A user that the feed has told of, with one login session. */
export interface Person {
  readonly userId: string
  readonly username: string
  readonly sessionId: string
  readonly token: string
  /** A request with the token of this session; the answer was held against the contract. */
  call(method: string, path: string, body?: object): Promise<Answer>
}

export interface TestQuantum {
  readonly url: string
  readonly databaseUrl: string
  readonly context: QuantumContext
  readonly app: QuantumApp
  readonly feed: HandFeed
  readonly clock: HandClock
  person(name?: string): Promise<Person>
  /** The value of a metric with these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>
  close(): Promise<void>
}

/** A request as it is; the answer is held against the contract. */
export const call = async (
  url: string,
  method: string,
  path: string,
  options: { readonly body?: object | undefined; readonly token?: string } = {},
): Promise<Answer> => {
  const { body, token } = options
  const response = await checkedQuantumFetch(`${url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    body: text === '' ? null : JSON.parse(text),
    retryAfter: response.headers.get('retry-after'),
  }
}

/** A local key-encryption key with these ids, the first being current. */
const drawKek = (id = 'k1'): KeyEncryptionKey => createLocalKek([{ id, key: new Uint8Array(randomBytes(32)) }])

let names = 0

/** The quantum service on a database of its own and a hand-filled feed, behind a real port. */
export const startQuantum = async (
  options: {
    readonly kek?: KeyEncryptionKey
    readonly rateLimits?: RateLimits
    readonly perMinute?: PerMinute
    readonly log?: Logger
    /** Another address that leads to the database. */
    readonly wayTo?: (url: string) => Promise<string>
  } = {},
): Promise<TestQuantum> => {
  const database = await createTestDatabase()
  await migrate({ url: database.url, schema: quantumSchema, migrations: quantumMigrations })
  const [clock, feed, metrics, log] = [createHandClock(), createHandFeed(), createMetrics(), options.log ?? silentLog]
  const tokens = createTokens({ secret: 'a secret for tests only, long enough', lifeMs: 1_800_000, clock })
  const context = await createQuantumContext({
    databaseUrl: new Secret((await options.wayTo?.(database.url)) ?? database.url),
    poolMax: 10,
    bus: createMemoryBus(),
    rateLimits: options.rateLimits ?? noRateLimits,
    kek: options.kek ?? drawKek(),
    perMinute: options.perMinute ?? { calls: 6_000, signs: 600, keygens: 30 },
    retentionDays: 30,
    signingThreads: 1,
    wasmBuild: 'fast',
    version: '0.0.0-test',
    ...{ tokens, feed, clock, log, metrics },
  })
  const app = await createQuantumApp(context)
  const koa = createHttpApp({
    groups: [app.group],
    allowedOrigins: [],
    trustProxy: false,
    checkAnswers: true,
    ...{ log, metrics, clock },
  })
  const server = await listenHttp(koa, { host: '127.0.0.1', port: 0, variable: 'PORT' })
  const url = `http://127.0.0.1:${server.port}`
  return {
    url,
    databaseUrl: database.url,
    context,
    app,
    feed,
    clock,
    async person(name) {
      names += 1
      const [userId, username, sessionId] = [newId(), name ?? `User-${names}`, newId()]
      const at = new Date(clock.now()).toISOString()
      feed.add({ type: 'created', user_id: userId, username, session_id: null, at })
      await app.owners.sync()
      const token = tokens.issueAccess({ userId, username, sessionId })
      return {
        ...{ userId, username, sessionId, token },
        call: (method, path, body) => call(url, method, path, { body, token }),
      }
    },
    async metric(name, labels = {}) {
      const { body } = await metrics.text()
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      const line = body
        .split('\n')
        .find(
          text =>
            text.startsWith(name) && /^[{ ]/.test(text.slice(name.length)) && wanted.every(part => text.includes(part)),
        )
      return line ? Number(line.split(' ').at(-1)) : 0
    },
    async close() {
      await server.stop(1_000)
      await app.close()
      await database.drop()
    },
  }
}
