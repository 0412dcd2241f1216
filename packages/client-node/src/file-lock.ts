import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const textOf = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

interface ProcessStat {
  /** When it began (boot and ticks since); tells it from a later one with its number. */
  readonly begin: string
  /** Whether it has ended, and its parent has not looked yet. */
  readonly isOver: boolean
}

/** What Linux says of a process (proc(5)); null where nobody says. */
const statOf = (pid: number): ProcessStat | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { begin: `${boot}/${fields[19]}`, isOver: fields[0] === 'Z' || fields[0] === 'X' }
  } catch {
    return null
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
  const stat = statOf(pid)
  return !stat || (!stat.isOver && (begin === '' || begin === stat.begin))
}

const isDraftName = (name: string): boolean => /\.lock(\.next)?\.[0-9a-f-]{36}$/.test(name)

/** Whether a file of a folder is what a process has left that died while it asked for a lock. */
export const isDraftOfDead = (folder: string, name: string): boolean =>
  isDraftName(name) && !isAlive(textOf(join(folder, name)) ?? '')

/** Makes a file with this content, whole, where there is none. False where there is one. */
const create = (file: string, content: string): boolean => {
  for (;;) {
    const draft = `${file}.${randomUUID()}`
    writeFileSync(draft, content, { mode: 0o600, flag: 'wx' })
    try {
      linkSync(draft, file)
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') return false
      // Somebody who swept saw the draft before its content, and took it for one of a dead process.
      if (code !== 'ENOENT' || !existsSync(dirname(file))) throw error
    } finally {
      rmSync(draft, { force: true })
    }
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

const begin = statOf(process.pid)?.begin ?? ''

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
