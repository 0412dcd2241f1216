import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedPostgresError } from './error.js'

const stopTimeoutMs = 20_000

const postmasterFile = (cluster: string): string => join(cluster, 'postmaster.pid')

/** The process that `postmaster.pid` names, and whether it says that it takes connections. Null without the file. */
export const readPostmaster = (cluster: string): { readonly pid: number; readonly ready: boolean } | null => {
  try {
    const lines = readFileSync(postmasterFile(cluster), 'utf8').split('\n')
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Whether a process is the server of this cluster: it works in the data directory. Its number may be another's now. */
const servesCluster = (pid: number, cluster: string): boolean => {
  if (!isRunning(pid)) return false
  if (process.platform !== 'linux') return true
  try {
    const its = statSync(`/proc/${pid}/cwd`)
    const ours = statSync(cluster)
    return its.dev === ours.dev && its.ino === ours.ino
  } catch {
    return false
  }
}

/**
 * Stops a server that outlived a killed parent. The lock of the data directory is held, so a server that still runs on
 * it has nobody. SIGINT is its fast stop: it rolls back and writes everything out. A file that a killed server left is
 * removed, because PostgreSQL would take any process with that number for a server.
 */
export const stopOrphan = async (cluster: string): Promise<void> => {
  const pid = readPostmaster(cluster)?.pid ?? 0
  if (!(pid > 1)) return
  if (!servesCluster(pid, cluster)) {
    rmSync(postmasterFile(cluster), { force: true })
    return
  }
  process.kill(pid, 'SIGINT')
  for (let waitedMs = 0; waitedMs < stopTimeoutMs; waitedMs += 10) {
    if (!servesCluster(pid, cluster)) return
    await wait(10)
  }
  throw new EmbeddedPostgresError(
    `A PostgreSQL (process ${pid}) still runs on ${cluster} and does not stop. End it by hand: kill -QUIT ${pid}`,
  )
}
