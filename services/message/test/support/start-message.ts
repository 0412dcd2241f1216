import type { Algorithms } from '@qsm/protocol'
import {
  type Bus,
  createHttpApp,
  createMemoryBus,
  createMemoryPresence,
  createMetrics,
  createTokens,
  listenHttp,
  migrate,
  newId,
  type Presence,
  type RateLimits,
  runJob,
  Secret,
  type Tracing,
} from '@qsm/server-kit'
import { createTestDatabase, type TestDatabase } from '../../../../tests/support/database.js'
import { createHandClock, type HandClock } from '../../../../tests/support/hand-clock.js'
import { createHandFeed, type HandFeed } from '../../../../tests/support/hand-feed.js'
import { noRateLimits } from '../../../../tests/support/no-rate-limits.js'
import { silentLog } from '../../../../tests/support/silent-log.js'
import type { MessageContext } from '../../src/context.js'
import type { QuantumAccess } from '../../src/index.js'
import {
  createMessageApp,
  createMessageContext,
  type MessageApp,
  messageMigrations,
  messageSchema,
} from '../../src/index.js'
import { messageJobs } from '../../src/jobs/jobs.js'
import { algorithmsOf } from './local-device.js'
import { createPerson, type Login, loginAt, type Person } from './person.js'

export interface TestMessage {
  readonly url: string
  readonly databaseUrl: string
  readonly context: MessageContext
  readonly app: MessageApp
  readonly feed: HandFeed
  readonly bus: Bus
  readonly clock: HandClock
  readonly algorithms: Algorithms
  /** A user that the feed has told of, logged in once. */
  person(name?: string): Promise<Person>
  /** Another pod on the same database; on the same bus, with the same presence and by the same clock where it is given none. */
  secondPod(other?: Partial<Pick<Shared, 'bus' | 'presence' | 'tracing' | 'clock'>>): Promise<TestMessage>
  /** The same login session at this pod. */
  as(login: Login): Login
  /** The same login session with a fresh token. */
  renewed(person: Person): Login
  /** Does all periodic work once. */
  runJobs(): Promise<void>
  close(): Promise<void>
}

/** What several apps of one test share. */
export interface Shared {
  readonly databaseUrl: string
  readonly feed: HandFeed
  readonly bus: Bus
  readonly presence: Presence
  readonly clock: HandClock
  /** What PostgreSQL would say. */
  readonly databaseClock: HandClock
  readonly rateLimits: RateLimits
  readonly quantum: QuantumAccess | null
  readonly tracing: Tracing | null
}

export const unwatchedPartitions = { onReach() {}, onDefault() {} }

let names = 0

const nextName = (): string => {
  names += 1
  return `user-${names}`
}

const startPod = async (shared: Shared, dropDatabase: () => Promise<void>): Promise<TestMessage> => {
  const { databaseUrl, feed, bus, clock } = shared
  const log = silentLog
  const metrics = createMetrics()
  const tokens = createTokens({ secret: 'a secret for tests only, long enough', lifeMs: 1_800_000, clock })
  const context = await createMessageContext({
    ...shared,
    databaseUrl: new Secret(databaseUrl),
    poolMax: 10,
    tokens,
    log,
    metrics,
    retentionDays: 30,
    quantum: shared.quantum,
  })
  const app = await createMessageApp(context)
  const koa = createHttpApp({
    groups: [app.group],
    log,
    metrics,
    clock,
    allowedOrigins: [],
    trustProxy: false,
    checkAnswers: true,
  })
  const server = await listenHttp(koa, { host: '127.0.0.1', port: 0, variable: 'PORT' })
  app.sockets.attach(server.server, {
    allowedOrigins: [],
    trustProxy: false,
    limits: { maxSockets: 1_000, maxSocketsPerAddress: 1_000, maxSocketsPerUser: 1_000, maxUpgradesAtOnce: 1_000 },
  })
  const url = `http://127.0.0.1:${server.port}`
  const algorithms = await algorithmsOf(clock)
  return {
    url,
    databaseUrl,
    context,
    app,
    feed,
    bus,
    clock,
    algorithms,
    async person(name = nextName()) {
      const userId = newId()
      feed.add({
        type: 'created',
        user_id: userId,
        username: name,
        session_id: null,
        at: new Date(clock.now()).toISOString(),
      })
      await app.accounts.sync()
      return createPerson({ url, algorithms, tokens, userId, username: name })
    },
    secondPod: other => startPod({ ...shared, ...other }, async () => {}),
    as: login => loginAt(url, login),
    renewed: ({ userId, username, sessionId }) =>
      loginAt(url, { sessionId, token: tokens.issueAccess({ userId, username, sessionId }) }),
    async runJobs() {
      for (const job of messageJobs({ ...context, partitions: unwatchedPartitions }))
        await runJob({ ...context, schema: messageSchema, databaseNow: clock.now }, job)
    },
    async close() {
      await server.stop(1_000)
      await app.close()
      await dropDatabase()
    },
  }
}

/** The message service on a database of its own and a hand-filled feed, behind a real port. */
export const startMessage = async (
  options: {
    readonly rateLimits?: RateLimits
    readonly tracing?: Tracing | null
    /** Another database than one on the server of the run. */
    readonly database?: TestDatabase
    /** Another address that leads to the database. */
    readonly wayTo?: (url: string) => Promise<string>
    /** A quantum service beside it; none where left out. */
    readonly quantum?: (shared: Omit<Shared, 'quantum'>) => Promise<QuantumAccess>
  } = {},
): Promise<TestMessage> => {
  const database = options.database ?? (await createTestDatabase())
  await migrate({ url: database.url, schema: messageSchema, migrations: messageMigrations })
  const clock = createHandClock()
  const shared = {
    databaseUrl: (await options.wayTo?.(database.url)) ?? database.url,
    feed: createHandFeed(),
    bus: createMemoryBus(),
    presence: createMemoryPresence(),
    ...{ clock, databaseClock: clock },
    rateLimits: options.rateLimits ?? noRateLimits,
    tracing: options.tracing ?? null,
  }
  const quantum = (await options.quantum?.(shared)) ?? null
  return startPod({ ...shared, quantum }, () => database.drop())
}
