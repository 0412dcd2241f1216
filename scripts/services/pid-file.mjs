import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'

const textOf = file => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  }
}

/** When a process began, which tells it from a later one with the same number. Null where there is no such process. */
const beginOf = pid => {
  if (process.platform !== 'linux') {
    try {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
    } catch {
      return null
    }
  }
  const stat = textOf(`/proc/${pid}/stat`)
  if (stat === null) return null
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // The 22nd field is the start in ticks since the machine began. A zombie has ended; only its parent has not looked.
  return state === 'Z' ? null : `${textOf('/proc/sys/kernel/random/boot_id').trim()}/${rest[18]}`
}

/** Leaves number and begin of a process that was just started, and how many seconds its stop may take. */
export const writePidFile = (file, pid, stopSeconds) => writeFileSync(file, `${pid}\n${beginOf(pid)}\n${stopSeconds}\n`)

export const removePidFile = file => rmSync(file, { force: true })

/**
 * What a pid file tells: null without one; else the number, and whether that process still runs (`isRunning`) or has
 * ended, its number perhaps belonging to `another` program by now.
 */
export const readPidFile = file => {
  const text = textOf(file)
  if (text === null) return null
  const [number = '', begin = '', stopSeconds = ''] = text.split('\n')
  const pid = /^[1-9][0-9]*$/.test(number) ? Number(number) : null
  const now = pid === null ? null : beginOf(pid)
  return {
    pid,
    isRunning: now !== null && now === begin,
    another: now !== null && now !== begin,
    stopSeconds: Number(stopSeconds) || 22,
  }
}
