import { type ChainableCommander, Cluster, type ClusterNode, Redis, type RedisOptions } from 'ioredis'

/** Where Redis is, as the variables say. */
export interface RedisAddress {
  /** `redis://` or, for TLS, `rediss://`, with user and password of an ACL where there are some. */
  readonly url: string
  /** `host:port` of sentinels; then the URL names user, password and TLS only. */
  readonly sentinels: readonly string[]
  /** Under which name the sentinels know the master. */
  readonly sentinelName: string
  /** User and password of the sentinels, where they ask for them; those of the URL are never sent to them. */
  readonly sentinelUsername?: string | undefined
  readonly sentinelPassword?: string | undefined
  /** Whether the server is a Redis Cluster: hints then go by sharded Pub/Sub (SPUBLISH, Redis 7). */
  readonly cluster: boolean
}

export type RedisConnection = Redis | Cluster

/** Commands that are done together (MULTI). */
export type RedisTransaction = ChainableCommander

const connectTimeoutMs = 2_000
/** A server that leaves a command without an answer so long is as good as gone. */
const silenceMs = 4_000
const maxRetryMs = 5_000

/** Tries again after a growing time, up to 5 s, at a moment of its own: all pods come back at once. */
const retryStrategy = (times: number): number => {
  const ceiling = Math.min(maxRetryMs, 100 * 2 ** Math.min(times, 10))
  return Math.ceil(ceiling * (0.5 + Math.random() / 2))
}

const commonOptions: RedisOptions = {
  lazyConnect: true,
  // What cannot be said now is not said later: hints are worth nothing when they are old.
  enableOfflineQueue: false,
  autoResubscribe: false,
  // INFO is a right that this service needs not have.
  enableReadyCheck: false,
  maxRetriesPerRequest: 0,
  connectTimeout: connectTimeoutMs,
  commandTimeout: connectTimeoutMs,
  socketTimeout: silenceMs,
  keepAlive: 10_000,
  retryStrategy,
  sentinelRetryStrategy: retryStrategy,
  connectionName: 'qsm',
}

const hostAndPort = (address: string, otherwise: number): ClusterNode & { host: string; port: number } => {
  const { hostname, port } = new URL(`redis://${address}`)
  return { host: hostname, port: Number(port || otherwise) }
}

/**
 * One connection, not opened yet. A subscriber can do nothing else, so a pod has two. With `packed`, commands of one turn of the
 * event loop go out in one write, and their answers come in one.
 */
export const createRedisConnection = (address: RedisAddress, { packed = false } = {}): RedisConnection => {
  const { url, sentinels, sentinelName, sentinelUsername, sentinelPassword, cluster } = address
  const { hostname, port, username, password, protocol, pathname } = new URL(url)
  const access: RedisOptions = {
    ...commonOptions,
    enableAutoPipelining: packed,
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  }
  const own = { host: hostname, port: Number(port || 6379) }
  if (cluster) {
    return new Cluster([own], {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      enableAutoPipelining: packed,
      shardedSubscribers: true,
      slotsRefreshTimeout: connectTimeoutMs,
      clusterRetryStrategy: retryStrategy,
      redisOptions: access,
    })
  }
  if (sentinels.length > 0) {
    return new Redis({
      ...access,
      sentinels: sentinels.map(sentinel => hostAndPort(sentinel, 26_379)),
      name: sentinelName,
      ...(sentinelUsername ? { sentinelUsername } : {}),
      ...(sentinelPassword ? { sentinelPassword } : {}),
      ...(protocol === 'rediss:' ? { enableTLSForSentinelMode: true } : {}),
    })
  }
  return new Redis({ ...access, ...own, db: Number(pathname.slice(1) || 0) })
}
