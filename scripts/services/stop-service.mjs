import { setTimeout as wait } from 'node:timers/promises'
import { SetupError, say } from '../setup/step.mjs'
import { readPidFile, removePidFile } from './pid-file.mjs'

const lookEveryMs = 100

const send = (pid, signal, title) => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (error.code === 'EPERM') {
      throw new SetupError(`The ${title} (process ${pid}) belongs to another user. Stop it as that user, or as root.`)
    }
    if (error.code !== 'ESRCH') throw error // It has ended by itself in between.
  }
}

const endsWithin = async (pidFile, seconds) => {
  for (let waitedMs = 0; waitedMs < seconds * 1_000; waitedMs += lookEveryMs) {
    if (!readPidFile(pidFile)?.isRunning) return true
    await wait(lookEveryMs)
  }
  return false
}

const killAtLast = async ({ part, title, pidFile }, pid, stopSeconds) => {
  send(pid, 'SIGKILL', title)
  if (!(await endsWithin(pidFile, 10)))
    throw new SetupError(`The ${title} (process ${pid}) does not end even by SIGKILL.`)
  const database = part === 'main' ? ' Its PostgreSQL may still run; the next start ends it in order.' : ''
  say(`${title}: did not stop within ${stopSeconds} s and was killed (process ${pid}).${database}`)
}

/** Stops a service in order and says how that went. Whoever has no process is told so. Throws `SetupError`. */
export const stopService = async service => {
  const { title, pidFile } = service
  const known = readPidFile(pidFile)
  if (!known?.isRunning) {
    removePidFile(pidFile)
    const left = known ? ` (its process ${known.pid ?? 'without a number'} had ended before)` : ''
    say(`${title}: was not running${left}`)
    return
  }
  const { pid, stopSeconds } = known
  say(`${title}: stopping process ${pid}`)
  send(pid, 'SIGTERM', title)
  if (await endsWithin(pidFile, stopSeconds)) say(`${title}: stopped`)
  else await killAtLast(service, pid, stopSeconds)
  removePidFile(pidFile)
}
