import type { Assumptions } from './assumptions.js'
import { demandOf, envelopesOf, meanLoad, type Part, scaled } from './demand.js'
import type { Measured } from './measured.js'

/** How many of each part, what one primary would have to bear, and at how many users it would be full. */
export interface Size {
  readonly units: Readonly<Record<Part, number>>
  readonly primary: readonly {
    readonly what: string
    readonly needed: number
    readonly limit: number
    readonly fullAtUsers: number
  }[]
  readonly redisFullAtUsers: number
}

/** Units with room for the loss of a zone: those that are left carry its share too. */
export const sizeFor = (given: Assumptions, measured: Measured): Size => {
  const peak = scaled(meanLoad(given), given.peakFactor)
  const demand = demandOf(given, measured, peak)
  const spare = given.zones / (given.zones - 1)
  const pods = (cores: number) => Math.max(given.zones, Math.ceil(cores / given.busyShare))
  const bySockets = Math.ceil((peak.onlineDevices / given.socketsPerPod) * spare)
  const message = Math.max(pods(demand.message), bySockets)
  const [auth, quantum] = [pods(demand.auth), pods(demand.quantum)]
  const { bytes } = measured
  const envelopesPerDay = given.users * given.messagesPerDay * envelopesOf(given)
  const replayDays = given.replayHours / 24
  const stored =
    given.users * given.messagesPerDay * replayDays * bytes.sent +
    envelopesPerDay * (replayDays * bytes.seen + given.waitingDays * given.entryBytes)
  const primary = [
    { what: 'cores', needed: demand.postgres / given.busyShare, limit: given.postgresCores },
    { what: 'WAL, MB/s', needed: (peak.sends * envelopesOf(given) * bytes.wal) / 1e6, limit: given.walMbPerSecond },
    { what: 'data, TB', needed: stored / 1e12, limit: given.storageTb },
    {
      what: 'connections without a pooler',
      needed: (message + auth + quantum) * given.connectionsPerPod,
      limit: given.connections,
    },
  ].map(row => ({ ...row, fullAtUsers: (given.users * row.limit) / row.needed }))
  const shards = Math.max(...primary.slice(0, 3).map(({ needed, limit }) => needed / limit))
  const redisCores = demand.redis / given.busyShare
  return {
    units: {
      ...{ message, auth, quantum },
      redis: Math.max(1, Math.ceil(redisCores)),
      postgres: Math.max(1, Math.ceil(shards)),
    },
    primary,
    redisFullAtUsers: given.users / redisCores,
  }
}

/** Servers of one queue: a pod and a Redis have one thread, a primary its cores. */
export const threadsOf = (part: Part, given: Assumptions): number => (part === 'postgres' ? given.postgresCores : 1)
