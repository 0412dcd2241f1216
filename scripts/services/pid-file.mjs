import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { beginOf } from '../setup/process-begin.mjs'

const textOf = file => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
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
