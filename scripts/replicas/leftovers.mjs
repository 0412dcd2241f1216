import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from '../setup/step.mjs'

/** Names the folder in the environment of all that is started, so that what is left of it is known again. */
export const marker = 'QSM_REPLICAS'

const readOf = (pid, what) => {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8').split('\0')
  } catch {
    return [] // Gone, of another user, or no Linux.
  }
}
const isOurs = (pid, folder) => readOf(pid, 'environ').includes(`${marker}=${folder}`)
/** Another process may have got the number of one that was killed. */
const isSupervisor = pid => readOf(pid, 'cmdline').some(part => part.endsWith('replicas.mjs'))

/**
 * Takes the folder for this process. What a supervisor that was killed has left running is ended. Throws `SetupError` where
 * another one runs. Returns how to write down what runs, and how to give the folder back.
 */
export const takeFolder = folder => {
  const file = join(folder, 'running.json')
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
  if (before && isSupervisor(before.supervisor)) {
    throw new SetupError(
      `npm run replicas already runs on ${folder} (process ${before.supervisor}). Stop that one first.`,
    )
  }
  for (const pid of before?.pids ?? []) if (isOurs(pid, folder)) process.kill(pid, 'SIGKILL')
  const write = pids => writeFileSync(file, JSON.stringify({ supervisor: process.pid, pids }))
  write([])
  return { write, free: () => rmSync(file, { force: true }) }
}
