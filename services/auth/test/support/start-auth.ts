import {
  type Clock,
  createHttpApp,
  createMemoryBus,
  createMemoryFailureWaits,
  createMetrics,
  createTokens,
  type FailureWaits,
  type Logger,
  listenHttp,
  migrate,
  type RateLimits,
  Secret,
  type Tokens,
} from '@qsm/server-kit'
import { handClock, listeningLog } from '../../../../packages/server-kit/test/support.js'
import { createTestDatabase } from '../../../../tests/support/database.js'
import { noRateLimits } from '../../../../tests/support/no-rate-limits.js'
import { createAccount, findByName, type LoginAccount } from '../../src/accounts/accounts.js'
import type { AuthContext } from '../../src/context.js'
import { type AuthApp, authMigrations, authSchema, createAuthApp, createAuthContext } from '../../src/index.js'
import type { PasswordHasher } from '../../src/passwords/hasher.js'
import { beginSession } from '../../src/sessions/sessions.js'
import { type Answer, type Call, createCall } from './call.js'

export const secret = 'a secret for tests only, long enough'
export const password = 'correct horse battery'

/** One login session of a user. */
export interface Login {
  readonly userId: string
  readonly username: string
  readonly sessionId: string
  readonly token: string
  readonly refreshToken: string
  /** A request with this session's token. */
  call(method: string, path: string, body?: object): Promise<Answer>
}

export interface TestAuth {
  readonly url: string
  readonly context: AuthContext
  readonly app: AuthApp
  readonly clock: Clock & { advance(ms: number): void }
  readonly tokens: Tokens
  readonly call: Call
  /** Registers; what is not given is drawn. */
  register(given?: object): Promise<Answer>
  /** Tries to log in. */
  tryLogin(username: string, password: string, from?: string): Promise<Answer>
  /** A further session of a user, begun without asking for the password. */
  login(username: string): Promise<Login>
  /** A user with a first session; the password was hashed once for all of them. */
  person(username?: string): Promise<Login>
  refresh(refreshToken: string): Promise<Answer>
  close(): Promise<void>
}

export interface StartOptions {
  readonly environment?: 'development' | 'test' | 'production'
  readonly rateLimits?: RateLimits
  readonly failureWaits?: FailureWaits
  readonly hasher?: Omit<PasswordHasher, 'close'>
  readonly quantumReady?: () => boolean
  readonly previousSecret?: string
  readonly log?: Logger
  /** Another address that leads to the database. */
  readonly wayTo?: (url: string) => Promise<string>
}

let names = 0

/** A name that no other test of this file has. */
export const newName = (): string => {
  names += 1
  return `user-${names}`
}

/** The auth service on a database of its own, behind a real port and what passes for a proxy. */
export const startAuth = async (options: StartOptions = {}): Promise<TestAuth> => {
  const database = await createTestDatabase()
  await migrate({ url: database.url, schema: authSchema, migrations: authMigrations })
  const clock = handClock()
  const log = options.log ?? listeningLog().log
  const metrics = createMetrics()
  const { previousSecret } = options
  const tokens = createTokens({
    secret,
    lifeMs: 1_800_000,
    clock,
    ...(previousSecret === undefined ? {} : { previousSecret }),
  })
  const made = await createAuthContext({
    databaseUrl: new Secret((await options.wayTo?.(database.url)) ?? database.url),
    poolMax: 10,
    tokens,
    rateLimits: options.rateLimits ?? noRateLimits,
    failureWaits: options.failureWaits ?? createMemoryFailureWaits(clock),
    bus: createMemoryBus(),
    clock,
    log,
    metrics,
    refreshExpireDays: 30,
    passwordHashConcurrency: 2,
    environment: options.environment ?? 'test',
    quantumReady: options.quantumReady ?? (() => false),
  })
  const context = options.hasher ? { ...made, hasher: { ...made.hasher, ...options.hasher } } : made
  const passwordHash = context.hasher.hash(password, { account: 'everybody', address: '127.0.0.1' })
  const app = createAuthApp(context)
  const koa = createHttpApp({
    groups: [app.group],
    log,
    metrics,
    clock,
    allowedOrigins: [],
    trustProxy: true,
    checkAnswers: true,
  })
  const server = await listenHttp(koa, { host: '127.0.0.1', port: 0, variable: 'PORT' })
  const url = `http://127.0.0.1:${server.port}`
  const call = createCall(url)
  const register: TestAuth['register'] = given => {
    const username = newName()
    return call('POST', '/api/register', { body: { username, email: `${username}@example.org`, password, ...given } })
  }
  const tryLogin: TestAuth['tryLogin'] = (username, given, from) =>
    call('POST', '/api/login', { body: { username, password: given }, ...(from === undefined ? {} : { from }) })
  const beginAs = async (account: LoginAccount | null): Promise<Login> => {
    const pair = account && (await beginSession(context, account, 'test'))
    if (!pair) throw new Error('there is no such account')
    const token = pair.access_token
    return {
      userId: pair.user_id,
      username: pair.username,
      sessionId: tokens.verifyAccess(token).sessionId,
      token,
      refreshToken: pair.refresh_token,
      call: (method, path, sent) => call(method, path, { token, ...(sent === undefined ? {} : { body: sent }) }),
    }
  }
  return {
    url,
    context,
    app,
    clock,
    tokens,
    call,
    register,
    tryLogin,
    login: async username => beginAs(await findByName(context, username)),
    async person(username = newName()) {
      const hash = await passwordHash
      const quick = { ...context, hasher: { ...context.hasher, hash: async () => hash } }
      return beginAs(await createAccount(quick, { username, email: `${username}@example.org`, password }, '127.0.0.1'))
    },
    refresh: refreshToken => call('POST', '/api/token/refresh', { body: { refresh_token: refreshToken } }),
    async close() {
      await server.stop(1_000)
      await app.close()
      await database.drop()
    },
  }
}
