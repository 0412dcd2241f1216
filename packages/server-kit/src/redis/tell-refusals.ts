import type { Logger } from '../log.js'
import type { RedisConnection } from './connections.js'

/** How the answer of Redis to a user or password begins that it does not take. */
const refusal = /^(WRONGPASS|NOAUTH|NOPERM|ERR (AUTH|invalid password))/

/**
 * Warns once of each reason for which Redis refuses these connections: trying again does not cure it. The answers of Redis hold no
 * password. Everything else that fails is told at level debug, for each attempt.
 */
export const tellRefusals = (connections: readonly RedisConnection[], log: Logger): void => {
  const told = new Set<string>()
  const tell = (error: Error) => {
    if (!refusal.test(error.message) || told.has(error.message)) return log.debug({ err: error }, 'Redis')
    told.add(error.message)
    log.warn({ reason: error.message }, 'Redis refuses the user: correct name and password in REDIS_URL')
  }
  for (const connection of connections) connection.on('error', tell)
}
