import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { QsmClientError } from '@qsm/client'

const waitMs = 30_000
const pollMs = 5
/** A lock file whose content was never written belongs to a process that was killed in between. */
const emptyGraceMs = 2_000

/** When a process began, in ticks since the machine started; empty where the system does not tell. */
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

/** Whether the holder of a lock file is gone. */
const isStale = (file: string): boolean => {
  try {
    const [pid = '', begin = ''] = readFileSync(file, 'utf8').trim().split(' ')
    if (pid === '') return Date.now() - statSync(file).mtimeMs > emptyGraceMs
    return !isAlive(Number(pid), begin)
  } catch {
    return false // It went away just now.
  }
}

const take = (file: string): boolean => {
  try {
    const descriptor = openSync(file, 'wx', 0o600)
    writeSync(descriptor, `${process.pid} ${beginOf(process.pid)}\n`)
    closeSync(descriptor)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Runs while this process alone holds the lock file. A killed holder does not keep it; a living one is waited for. */
export const withFileLock = async <T>(file: string, work: () => Promise<T>): Promise<T> => {
  const begun = Date.now()
  while (!take(file)) {
    if (isStale(file)) rmSync(file, { force: true })
    else if (Date.now() - begun > waitMs) {
      throw new QsmClientError('store_in_use', `Another process holds ${file} for more than ${waitMs / 1000} s. End it and try again.`)
    } else await wait(pollMs)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}
