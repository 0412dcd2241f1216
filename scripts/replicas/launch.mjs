import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const startMs = 60_000
const stopMs = 15_000

/** Whether a port of this machine takes connections. */
export const takesConnections = port =>
  new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1')
    const end = value => {
      socket.destroy()
      resolve(value)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.setTimeout(1_000, () => end(false))
  })

/** Whether an address answers with 200. */
export const isReady = async url => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false // Not there yet.
  }
}

/**
 * Starts a program in a process group of its own, so that Ctrl-C reaches it by us alone, and waits until it answers. What
 * it prints goes to `logFile`; `input` to its standard input, where what is secret belongs.
 */
export const launch = async ({ command, args, env = {}, input, logFile, ready }) => {
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', log, log],
    detached: true,
  })
  closeSync(log)
  const ended = new Promise(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  let how = null
  void ended.then(value => {
    how = value
  })
  if (input !== undefined) child.stdin.end(input)
  const stop = async () => {
    if (how !== null) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
    await ended
    clearTimeout(timer)
  }
  for (const until = performance.now() + startMs; !(await ready()); await sleep(100)) {
    if (how !== null) throw new Error(`it ended with ${how}; ${logFile} tells why`)
    if (performance.now() > until) {
      await stop()
      throw new Error(`it does not answer after ${startMs / 1_000} s; ${logFile} may tell why`)
    }
  }
  return { pid: child.pid, ended, stop }
}
