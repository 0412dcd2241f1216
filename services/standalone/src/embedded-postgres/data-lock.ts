import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedPostgresError } from './error.js'

/** How long a process that has the data may take to stop. */
const patienceMs = 3_000

const textOf = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}

/**
 * When a process began (start of the machine and ticks since); tells it from a later one with the same number. `unknown`
 * where the system does not tell, and of a process that has ended and only waits for its parent to look.
 */
const beginOf = (pid: number): string => {
  const stat = textOf(`/proc/${pid}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  const ticks = fields[19]
  return ticks && fields[0] !== 'Z' && fields[0] !== 'X'
    ? `${textOf('/proc/sys/kernel/random/boot_id')}/${ticks}`
    : 'unknown'
}

const isAlive = (holder: string): boolean => {
  const [number = '', begin = ''] = holder.split(' ')
  const pid = Number(number)
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return begin === beginOf(pid)
}

/** The process that has the data directory now, or null. */
export const dataHolder = (folder: string): number | null => {
  const holder = textOf(join(folder, 'qsm.lock'))
  return holder !== null && isAlive(holder) ? Number(holder.split(' ')[0]) : null
}

/** Takes a dead holder's lock away. A living one that came in between gets its own back. */
const removeStale = (file: string, holder: string): void => {
  const aside = `${file}.${randomUUID()}`
  try {
    renameSync(file, aside)
  } catch {
    return // Somebody else removed it.
  }
  try {
    if (textOf(aside) !== holder) linkSync(aside, file)
  } finally {
    rmSync(aside, { force: true })
  }
}

const take = (draft: string, file: string): boolean => {
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes the data directory for this process. A holder that was killed does not keep it; one that is just stopping is
 * waited for. Returns the function that gives it back. Throws `EmbeddedPostgresError` when a living process keeps it.
 */
export const lockData = async (folder: string): Promise<() => void> => {
  const file = join(folder, 'qsm.lock')
  const own = `${process.pid} ${beginOf(process.pid)} ${randomUUID()}`
  const draft = `${file}.${randomUUID()}`
  writeFileSync(draft, `${own}\n`, { mode: 0o644 })
  const begun = performance.now()
  try {
    while (!take(draft, file)) {
      const holder = textOf(file)
      if (holder === null) continue
      if (!isAlive(holder)) {
        removeStale(file, holder)
      } else if (performance.now() - begun > patienceMs) {
        throw new EmbeddedPostgresError(
          `The data in ${folder} is in use by process ${holder.split(' ')[0]}. Stop that one first, or start this one on other data with QSM_DATA_DIR.`,
        )
      } else {
        await wait(50)
      }
    }
    return () => {
      if (textOf(file) === own) rmSync(file, { force: true })
    }
  } finally {
    rmSync(draft, { force: true })
  }
}
