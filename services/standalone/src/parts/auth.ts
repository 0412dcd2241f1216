import { type AuthApp, createAuthApp, createAuthContext } from '@qsm/auth'
import type { Secret, Tokens } from '@qsm/server-kit'
import type { Runtime } from './runtime.js'

/** The auth service over its own connections, closed with the process. */
export const startAuth = async (
  runtime: Runtime,
  options: { readonly databaseUrl: Secret; readonly tokens: Tokens; readonly quantumReady: () => boolean },
): Promise<AuthApp> => {
  const { config, rateLimits, failureWaits, bus, clock, log, metrics } = runtime
  const context = await createAuthContext({
    ...{ ...options, rateLimits, failureWaits, bus, clock, log, metrics },
    poolMax: config.DATABASE_POOL_MAX,
    refreshExpireDays: config.REFRESH_EXPIRE_DAYS,
    passwordHashConcurrency: config.PASSWORD_HASH_CONCURRENCY,
    environment: config.QSM_ENV,
  })
  const auth = createAuthApp(context)
  runtime.closing.add('auth', () => auth.close())
  return auth
}
