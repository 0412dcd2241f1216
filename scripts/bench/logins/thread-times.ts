import { readdirSync, readFileSync } from 'node:fs'

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // It has ended.
  }
}

/** Fields of a `stat` file from the third on, which no name in brackets can shift. */
const statOf = (path: string): readonly number[] => {
  const stat = read(path)
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
}

/** The scheduler counts nanoseconds where `stat` has ticks of 10 ms. */
const ranMs = (folder: string): number => Number(read(`${folder}/schedstat`).split(' ')[0] || 0) / 1e6
const niceOf = (folder: string): number => statOf(`${folder}/stat`)[16] ?? 0

/** CPU milliseconds of a server so far. */
export interface ServerTimes {
  /** The event loop. */
  readonly loop: number
  /** Threads that yield to it: those that hash passwords. */
  readonly hashing: number
  /** The others: V8 compiles and collects garbage, libuv reads files. */
  readonly v8: number
}

export const serverTimes = (pid: number): ServerTimes => {
  const times = { loop: 0, hashing: 0, v8: 0 }
  const nice = niceOf(`/proc/${pid}`)
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${task}`
    const kind = Number(task) === pid ? 'loop' : niceOf(folder) > nice ? 'hashing' : 'v8'
    times[kind] += ranMs(folder)
  }
  return times
}

/** CPU milliseconds of PostgreSQL so far, with processes that it has ended. */
export const postgresTime = (pid: number): number => {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean)
  const [user = 0, system = 0] = statOf(`/proc/${pid}/stat`).slice(13, 15)
  return (user + system) * 10 + [String(pid), ...children].reduce((sum, child) => sum + ranMs(`/proc/${child}`), 0)
}
