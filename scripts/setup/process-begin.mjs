import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The 22nd field of its state is the start in ticks since the machine began; these are those behind the name. */
const startField = 19
/** A zombie or a dead one has ended; only its parent has not looked. */
const endedStates = ['Z', 'X']

const linuxBegin = pid => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (endedStates.includes(fields[0])) return null
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[startField]}`
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  }
}

/** When a process began, which tells it from a later one with the same number. Null where there is no such process. */
export const beginOf = pid => {
  if (process.platform === 'linux') return linuxBegin(pid)
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
  } catch {
    return null
  }
}
