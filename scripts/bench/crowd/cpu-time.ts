import { readdirSync, readFileSync } from 'node:fs'
import type { Replicas } from '../../../tests/support/replicas.js'

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // It has ended.
  }
}

const children = (pid: number): readonly number[] =>
  read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)

/** CPU time of all threads of a process in microseconds: the scheduler counts nanoseconds where /proc/PID/stat has ticks of 10 ms. */
const cpuUsOf = (pid: number): number => {
  let tasks: readonly string[] = []
  try {
    tasks = readdirSync(`/proc/${pid}/task`)
  } catch {
    return 0
  }
  return (
    tasks.reduce((sum, task) => sum + Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0] || 0), 0) / 1e3
  )
}

const tickUs = 10_000

/** CPU time of the children of a process that have ended, in microseconds. */
const endedChildrenUs = (pid: number): number => {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * tickUs
}

export interface CpuUse {
  readonly podsUs: number
  readonly redisUs: number
  readonly postgresUs: number
  /** 0 where there is none. */
  readonly poolerUs: number
}

/** What pods, Redis and PostgreSQL with its backends have used so far, in microseconds. */
export const cpuUse = (replicas: Replicas, pods: readonly string[]): CpuUse => {
  const postgres = replicas.service('postgres').pid
  const pooler = replicas.lines.at(-1)?.services.find(({ name }) => name === 'pgbouncer')
  const sum = (pids: readonly number[]) => pids.reduce((total, pid) => total + cpuUsOf(pid), 0)
  return {
    podsUs: sum(pods.map(name => replicas.service(name).pid)),
    redisUs: cpuUsOf(replicas.service('redis').pid),
    postgresUs: sum([postgres, ...children(postgres)]) + endedChildrenUs(postgres),
    poolerUs: pooler ? cpuUsOf(pooler.pid) : 0,
  }
}

export const since = (before: CpuUse, after: CpuUse): CpuUse => ({
  podsUs: after.podsUs - before.podsUs,
  redisUs: after.redisUs - before.redisUs,
  postgresUs: after.postgresUs - before.postgresUs,
  poolerUs: after.poolerUs - before.poolerUs,
})
