import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { root } from '../setup.mjs'
import { writePidFile } from './pid-file.mjs'
import { defaultMaxBytes, rotateClosedLog } from './rotate-log.mjs'
import { program } from './services.mjs'

const boundLog = new URL('./bound-log.mjs', import.meta.url).href

/** A service that was started before, as if this had been its start. */
export const runningService = service => ({
  service,
  logOffset: statSync(service.logFile, { throwIfNoEntry: false })?.size ?? 0,
  ended: null,
})

/**
 * Starts a service in the background, in a process group of its own, so that the terminal's Ctrl-C is handed on by us in
 * the right order. Returns how many bytes its log had before, and why it has ended (null while it runs).
 */
export const spawnService = service => {
  const { part, logFile, pidFile, stopSeconds } = service
  rotateClosedLog(logFile, Number(process.env.QSM_LOG_MAX_BYTES ?? defaultMaxBytes))
  const log = openSync(logFile, 'a', 0o600)
  const started = { service, logOffset: fstatSync(log).size, ended: null }
  const child = spawn(process.execPath, ['--import', boundLog, program, 'start', part], {
    cwd: root,
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, QSM_SERVICE_LOG: logFile },
  })
  closeSync(log)
  child.once('error', error => {
    started.ended = error.message
  })
  child.once('exit', (code, signal) => {
    started.ended = signal ? `killed by ${signal}` : `exit code ${code}`
  })
  if (child.pid) writePidFile(pidFile, child.pid, stopSeconds)
  child.unref()
  return started
}
