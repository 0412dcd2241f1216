import type { Secret } from './secret.js'
import type { ConfigProblem } from './variables.js'

interface Judged {
  readonly REDIS_URL?: Secret | undefined
  readonly REDIS_SENTINELS?: readonly string[] | undefined
  readonly REDIS_CLUSTER?: boolean | undefined
}

const urlExample = 'rediss://qsm:password@redis.example.org:6379'

/** What of Redis would be ignored in silence: sentinels or a cluster without REDIS_URL, and both at once. */
export const redisProblems = (config: Judged): readonly ConfigProblem[] => {
  const given = [
    ...(config.REDIS_SENTINELS?.length ? ['REDIS_SENTINELS'] : []),
    ...(config.REDIS_CLUSTER ? ['REDIS_CLUSTER'] : []),
  ]
  const problems: ConfigProblem[] = []
  if (given.length > 0 && !config.REDIS_URL) {
    const reason = `must be set where ${given.join(' or ')} is: user, password and TLS are read from it`
    problems.push({ variable: 'REDIS_URL', reason, example: urlExample })
  }
  if (given.length > 1) {
    const reason = 'may not be true where REDIS_SENTINELS is set: a cluster needs no sentinels, keep one'
    problems.push({ variable: 'REDIS_CLUSTER', reason, example: 'false' })
  }
  return problems
}
