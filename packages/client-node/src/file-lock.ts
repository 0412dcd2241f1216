import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const textOf = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** When a process began (boot and ticks since); tells it from a later one with its number. Empty where nobody says. */
const beginOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return ''
  }
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
  const current = beginOf(pid)
  return begin === '' || current === '' || begin === current
}

/** Makes a file with this content, whole, where there is none. False where there is one. */
const create = (file: string, content: string): boolean => {
  const draft = `${file}.${randomUUID()}`
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx' })
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * Takes the lock of a dead holder over. Only who has made the file beside it may put it in its place, and the lock belongs
 * to whoever's name stands in it then: so of several that find a dead holder, one gets it.
 */
const takeOver = (file: string, dead: string, own: string): boolean => {
  const next = `${file}.next`
  if (!create(next, own)) {
    const other = textOf(next)
    if (other !== null && !isAlive(other)) rmSync(next, { force: true })
    return false
  }
  if (textOf(file) === dead) {
    try {
      renameSync(next, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  } else if (textOf(next) === own) rmSync(next, { force: true })
  return textOf(file) === own
}

/** A lock that was tried: held by this process until `release`, or the number of the process that holds it. */
export type LockTry = { readonly release: () => void } | { readonly heldBy: number | null }

const begin = beginOf(process.pid)

/** Tries to take a lock file, which holds number and begin of its process. A killed holder does not keep it. */
export const tryLock = (file: string): LockTry => {
  const own = `${process.pid} ${begin} ${randomUUID()}`
  const release = () => {
    if (textOf(file) === own) rmSync(file, { force: true })
  }
  if (create(file, own)) return { release }
  const holder = textOf(file)
  if (holder === null) return { heldBy: null } // Given back just now.
  if (isAlive(holder)) return { heldBy: Number(holder.split(' ')[0]) }
  return takeOver(file, holder, own) ? { release } : { heldBy: null }
}
