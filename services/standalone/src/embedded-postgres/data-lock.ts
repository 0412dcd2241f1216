import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedPostgresError } from './error.js'

/** When a process began, in ticks since the machine started; tells it from a later one with the same number. */
const beginOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

const isAlive = (pid: number, begin: string): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return begin === '' || beginOf(pid) === begin
}

const readHolder = (file: string): { pid: number; begin: string } | null => {
  try {
    const [pid = '', begin = ''] = readFileSync(file, 'utf8').trim().split(' ')
    return { pid: Number(pid), begin }
  } catch {
    return null
  }
}

/**
 * Takes the data directory for this process. A holder that was killed does not keep it. Returns the function that gives
 * it back. Throws when a living process has it.
 */
export const lockData = (folder: string): (() => void) => {
  const file = join(folder, 'qsm.lock')
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const descriptor = openSync(file, 'wx', 0o600)
      writeSync(descriptor, `${process.pid} ${beginOf(process.pid)}\n`)
      closeSync(descriptor)
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = readHolder(file)
      if (holder && holder.pid > 0 && isAlive(holder.pid, holder.begin)) {
        throw new EmbeddedPostgresError(
          `The data in ${folder} is in use by process ${holder.pid}. Stop that one first, or start this one on other data with QSM_DATA_DIR.`,
        )
      }
      rmSync(file, { force: true })
    }
  }
  throw new EmbeddedPostgresError(`The lock ${file} cannot be taken. Start again.`)
}
