import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedPostgresError } from './error.js'

const nameOf = (pid: number): string | null => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return null
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

/**
 * Stops a server that outlived a killed parent. The lock of the data directory is held, so a server that still runs on
 * it has nobody. SIGINT is its fast stop: it rolls back and writes everything out.
 */
export const stopOrphan = async (cluster: string): Promise<void> => {
  const file = join(cluster, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  if (!(pid > 1) || !isRunning(pid)) return
  const name = nameOf(pid)
  if (name !== null && name !== 'postgres') return // The number belongs to another program now; the file is stale.
  process.kill(pid, 'SIGINT')
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (!isRunning(pid)) return
    await wait(50)
  }
  throw new EmbeddedPostgresError(`A PostgreSQL (process ${pid}) still runs on ${cluster} and does not stop. Stop it by hand.`)
}
