import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { createRedisConnection, type RedisAddress, type RedisTransaction } from '../redis/connections.js'

/** Where the pods count together, in Redis. Everything in it expires. */
export interface LimitStore {
  readonly isUp: boolean
  /**
   * Runs commands on one key as one transaction (MULTI, no script: QSM has no right to EVAL). Rejects at once while Redis is
   * away, and where it is silent for 500 ms.
   */
  run(build: (transaction: RedisTransaction) => RedisTransaction): Promise<readonly unknown[]>
  close(): void
}

export interface LimitStoreOptions extends RedisAddress {
  readonly log: Logger
  readonly metrics: Metrics
}

/** A request waits no longer for a limit; the next ones do not wait at all until Redis has answered again. */
const answerMs = 500
const askEveryMs = 1_000
const probeKey = 'qsm:limit:probe'
const probeLifeMs = 60_000

const withinAnswerTime = <T>(work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis is silent for ${answerMs} ms`)), answerMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })

/** A store that is asked each second whether it takes what limits need, so that no request finds out. */
export const createLimitStore = ({ log, metrics, ...address }: LimitStoreOptions): LimitStore => {
  const redis = createRedisConnection(address)
  let isUp = false
  let wasTold = false
  let closed = false

  const away = (error: unknown) => {
    if (!closed && (isUp || !wasTold))
      log.warn({ err: error }, 'Redis is away: each pod counts limits alone, and stricter')
    wasTold = true
    isUp = false
  }
  const execute = async (build: (transaction: RedisTransaction) => RedisTransaction) => {
    if (redis.status !== 'ready') throw new Error('Redis is not connected')
    const results = await withinAnswerTime(build(redis.multi()).exec())
    return (results ?? []).map(([error, result]) => {
      if (error) throw error
      return result
    })
  }
  let asking = false
  /** With the commands that limits use: a user without these rights is as good as none. */
  const ask = async () => {
    if (asking || closed) return
    asking = true
    try {
      await execute(transaction =>
        transaction
          .set(probeKey, 0, 'PX', probeLifeMs, 'NX')
          .incrby(probeKey, 0)
          .get(probeKey)
          .pttl(probeKey)
          .pexpire(probeKey, probeLifeMs)
          .del(probeKey),
      )
      if (!isUp) log.info('limits are counted by all pods together, in Redis')
      isUp = true
      wasTold = true
    } catch (error) {
      away(error)
    } finally {
      asking = false
    }
  }
  redis.on('ready', () => void ask())
  redis.on('close', () => {
    if (isUp) away(new Error('the connection was closed'))
  })
  redis.on('error', error => log.debug({ err: error }, 'Redis'))
  const asks = setInterval(() => void ask(), askEveryMs).unref()
  redis.connect().catch(error => log.debug({ err: error }, 'Redis is not there yet'))
  metrics.gauge({
    name: 'qsm_limits_shared',
    help: '1 while all pods count limits together in Redis, 0 while this one counts alone and stricter.',
    collect: () => (isUp ? 1 : 0),
  })

  return {
    get isUp() {
      return isUp
    },
    async run(build) {
      if (!isUp) throw new Error('Redis is away')
      try {
        return await execute(build)
      } catch (error) {
        away(error)
        throw error
      }
    },
    close() {
      closed = true
      clearInterval(asks)
      redis.disconnect()
    },
  }
}
