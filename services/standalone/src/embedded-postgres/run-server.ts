import { closeSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedPostgresError } from './error.js'
import { giveTo, runOnData, type SystemUser } from './run-as.js'
import { readPostmaster } from './stop-orphan.js'

export interface ServerOptions {
  /** Path of the program. */
  readonly postgres: string
  /** The data directory. */
  readonly cluster: string
  readonly user: SystemUser | null
  /** `name=value` each. */
  readonly settings: readonly string[]
  /** Where `postgres.log` goes. */
  readonly logFolder: string
  /** Null: a free one. */
  readonly port: number | null
  /** Which of the free ones; 0: any. */
  readonly preferredPort: number
}

export interface RunningServer {
  readonly port: number
  readonly pid: number
  readonly ended: Promise<number | null>
  stop(): Promise<void>
}

const startTimeoutMs = 120_000
const stopTimeoutMs = 30_000
const logMaxBytes = 10_000_000

const freePort = (preferred: number): Promise<number> =>
  new Promise((done, failed) => {
    const probe = createServer()
    probe.once('error', error => (preferred > 0 ? done(freePort(0)) : failed(error)))
    probe.listen(preferred, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })

const openLog = (file: string, user: SystemUser | null): { descriptor: number; sizeBytes: number } => {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > logMaxBytes) renameSync(file, `${file}.old`)
  const descriptor = openSync(file, 'a', 0o600)
  giveTo(user, file)
  return { descriptor, sizeBytes: statSync(file).size }
}

/** What the log got since it had `from` bytes, at most the last 2 000 bytes. */
const logSince = (file: string, from: number): string => {
  const size = statSync(file).size
  const begin = Math.max(from, size - 2_000)
  const buffer = Buffer.alloc(Math.max(0, size - begin))
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, buffer, 0, buffer.length, begin)
  } finally {
    closeSync(descriptor)
  }
  return buffer.toString('utf8').trim()
}

interface FailedStart {
  readonly log: string
}

const startOn = async (port: number, options: ServerOptions): Promise<RunningServer | FailedStart> => {
  const logFile = join(options.logFolder, 'postgres.log')
  const log = openLog(logFile, options.user)
  const settings = options.settings.flatMap(setting => ['-c', setting])
  const argumentsFor = (data: string) => ['-D', data, '-p', String(port), ...settings]
  const server = runOnData(options.postgres, options.cluster, options.user, argumentsFor, log.descriptor)
  closeSync(log.descriptor)
  let over = false
  let problem = ''
  const ended = new Promise<number | null>(done => {
    const end = (code: number | null) => {
      over = true
      done(code)
    }
    server.once('exit', end)
    server.once('error', error => {
      problem = error.message
      end(null)
    })
  })
  server.unref()
  const isReady = () => {
    const postmaster = readPostmaster(options.cluster)
    return postmaster?.ready === true && postmaster.pid === server.pid
  }
  for (let waitedMs = 0; over || !isReady(); waitedMs += 10) {
    if (over) return { log: problem || logSince(logFile, log.sizeBytes) }
    if (waitedMs > startTimeoutMs) server.kill('SIGINT')
    await Promise.race([wait(10), ended])
  }
  const stop = async () => {
    if (over) return
    server.ref()
    server.kill('SIGINT')
    // A server that does not come to its end is ended at once; it recovers at the next start.
    const deadline = setTimeout(() => server.kill('SIGQUIT'), stopTimeoutMs)
    await ended
    clearTimeout(deadline)
  }
  return { port, pid: server.pid ?? 0, ended, stop }
}

const passingTroubles = [
  'pre-existing shared memory',
  'lock file "postmaster.pid" already exists',
  'could not create any TCP',
]

/**
 * Runs the server and waits until it takes connections. What remains of a killed one may still be there or hold its memory
 * for a moment, and another program may take a port that was just free: then it is tried again.
 */
export const runServer = async (options: ServerOptions): Promise<RunningServer> => {
  for (let attempt = 1; ; attempt += 1) {
    const preferred = attempt === 1 ? options.preferredPort : 0
    const server = await startOn(options.port ?? (await freePort(preferred)), options)
    if (!('log' in server)) return server
    if (!passingTroubles.some(text => server.log.includes(text)) || attempt === 5) {
      throw new EmbeddedPostgresError(
        `PostgreSQL did not start on ${options.cluster}. The end of ${join(options.logFolder, 'postgres.log')}:\n${server.log}`,
      )
    }
    await wait(200 * attempt)
  }
}
