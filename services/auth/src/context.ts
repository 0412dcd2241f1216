import { availableParallelism } from 'node:os'
import type { Metrics } from '@qsm/server-kit'
import {
  type Bus,
  type Clock,
  type Database,
  type FailureWaits,
  type Logger,
  openDatabase,
  type Pooler,
  type RateLimits,
  type Secret,
  startPatienceMs,
  type Tokens,
} from '@qsm/server-kit'
import { AccountEntity } from './entities/account.js'
import { AccountEventCounterEntity, AccountEventEntity } from './entities/account-event.js'
import { LoginSessionEntity } from './entities/login-session.js'
import { RefreshTokenEntity } from './entities/refresh-token.js'
import { Accounts1767225600001 } from './migrations/0001-accounts.js'
import { TokenFamilies1767225600002 } from './migrations/0002-token-families.js'
import { BeginSession1767225600003 } from './migrations/0003-begin-session.js'
import { createGuessLimits, type GuessLimits } from './passwords/guess-limits.js'
import { createPasswordHasher, type PasswordHasher } from './passwords/hasher.js'
import { hashesAtOnce } from './passwords/hashes-at-once.js'

export const authSchema = 'auth'
export const authMigrations = [Accounts1767225600001, TokenFamilies1767225600002, BeginSession1767225600003]
export const authEntities = [
  AccountEntity,
  LoginSessionEntity,
  RefreshTokenEntity,
  AccountEventEntity,
  AccountEventCounterEntity,
]

/** What the auth service works with; chosen here and nowhere else. */
export interface AuthContext {
  readonly database: Database
  readonly tokens: Tokens
  readonly hasher: PasswordHasher
  readonly guesses: GuessLimits
  readonly rateLimits: RateLimits
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly sessionLifeMs: number
  /** Whether the commonest passwords are refused. */
  readonly refuseCommonPasswords: boolean
  /** Whether the quantum service answers now. */
  quantumReady(): boolean
}

export interface AuthContextOptions {
  readonly databaseUrl: Secret
  readonly poolMax: number
  /** What stands between; left out or null where connections go to PostgreSQL itself. */
  readonly pooler?: Pooler | null
  readonly tokens: Tokens
  readonly rateLimits: RateLimits
  readonly failureWaits: FailureWaits
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly refreshExpireDays: number
  readonly passwordHashConcurrency: number
  readonly environment: 'development' | 'test' | 'production'
  /** Whether the quantum service answers now; read for every answer, so it must not ask anybody. */
  readonly quantumReady: () => boolean
}

export const createAuthContext = async (options: AuthContextOptions): Promise<AuthContext> => ({
  database: await openDatabase({
    url: options.databaseUrl.reveal(),
    patienceMs: startPatienceMs,
    schema: authSchema,
    entities: authEntities,
    migrations: authMigrations,
    poolMax: options.poolMax,
    pooler: options.pooler ?? null,
    log: options.log,
    metrics: options.metrics,
  }),
  tokens: options.tokens,
  hasher: await createPasswordHasher(
    {
      maxConcurrent: hashesAtOnce(options.passwordHashConcurrency, availableParallelism()),
      maxWaiting: 200,
      maxWaitingPerAccount: 16,
      maxWaitingPerAddress: 100,
    },
    options.log,
  ),
  guesses: createGuessLimits(options.failureWaits),
  rateLimits: options.rateLimits,
  bus: options.bus,
  clock: options.clock,
  log: options.log,
  sessionLifeMs: options.refreshExpireDays * 86_400_000,
  refuseCommonPasswords: options.environment === 'production',
  quantumReady: options.quantumReady,
})
