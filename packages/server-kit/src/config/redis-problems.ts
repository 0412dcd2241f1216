import type { Secret } from './secret.js'
import type { ConfigProblem } from './variables.js'

interface Judged {
  readonly REDIS_URL?: Secret | undefined
  readonly REDIS_PASSWORD?: Secret | undefined
  readonly REDIS_SENTINELS?: readonly string[] | undefined
  readonly REDIS_SENTINEL_USERNAME?: string | undefined
  readonly REDIS_SENTINEL_PASSWORD?: Secret | undefined
  readonly REDIS_CLUSTER?: boolean | undefined
}

const urlExample = 'rediss://qsm:password@redis.example.org:6379'

/**
 * What of Redis would be ignored in silence: anything without REDIS_URL, two passwords, a
 * password of sentinels without any, a user of sentinels without a password, sentinels beside a cluster.
 */
export const redisProblems = (config: Judged): readonly ConfigProblem[] => {
  const given = [
    ...(config.REDIS_PASSWORD ? ['REDIS_PASSWORD'] : []),
    ...(config.REDIS_SENTINELS?.length ? ['REDIS_SENTINELS'] : []),
    ...(config.REDIS_CLUSTER ? ['REDIS_CLUSTER'] : []),
  ]
  const problems: ConfigProblem[] = []
  if (given.length > 0 && !config.REDIS_URL) {
    const reason = `must be set where ${given.join(' or ')} is: it says where Redis is, as whom and whether by TLS`
    problems.push({ variable: 'REDIS_URL', reason, example: urlExample })
  }
  if (config.REDIS_PASSWORD && config.REDIS_URL && new URL(config.REDIS_URL.reveal()).password !== '') {
    const reason = 'may not be set where REDIS_URL has a password: keep one'
    problems.push({ variable: 'REDIS_PASSWORD', reason, example: 'REDIS_URL=redis://qsm@redis.example.org:6379' })
  }
  if (config.REDIS_SENTINEL_PASSWORD && !config.REDIS_SENTINELS?.length) {
    const reason = 'must be set where REDIS_SENTINEL_PASSWORD is: it says where the sentinels are that ask for it'
    problems.push({ variable: 'REDIS_SENTINELS', reason, example: 'sentinel-0:26379,sentinel-1:26379' })
  }
  if (config.REDIS_SENTINEL_USERNAME && !config.REDIS_SENTINEL_PASSWORD) {
    const reason = 'must be set where REDIS_SENTINEL_USERNAME is: sentinels know a user by the password'
    problems.push({ variable: 'REDIS_SENTINEL_PASSWORD', reason, example: 'what the sentinels have for their user' })
  }
  if (config.REDIS_SENTINELS?.length && config.REDIS_CLUSTER) {
    const reason = 'may not be true where REDIS_SENTINELS is set: a cluster needs no sentinels, keep one'
    problems.push({ variable: 'REDIS_CLUSTER', reason, example: 'false' })
  }
  return problems
}
