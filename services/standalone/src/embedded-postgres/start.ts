import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findBinaries } from './binaries.js'
import { ensureCluster, superuser } from './create-cluster.js'
import { lockData } from './data-lock.js'
import { EmbeddedPostgresError } from './error.js'
import { isRoot, runOnData } from './run-as.js'
import { stopOrphan } from './stop-orphan.js'

export interface EmbeddedPostgres {
  /** Address of the database `postgres` with user and password; never to be logged. */
  readonly url: string
  readonly pid: number
  /** Resolves with the exit code when the server ends, expected or not. */
  readonly ended: Promise<number | null>
  /** Fast stop: open transactions are rolled back, everything is written out. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly dataFolder: string
  /** Further settings, `name=value`. */
  readonly settings?: readonly string[]
}

const startTimeoutMs = 60_000

const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const probe = createServer()
    probe.once('error', failed)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** The end of the server's log, for messages. */
const tailOf = (file: string): string => {
  const size = statSync(file).size
  const length = Math.min(size, 2_000)
  const buffer = Buffer.alloc(length)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, buffer, 0, length, size - length)
  } finally {
    closeSync(descriptor)
  }
  return buffer.toString('utf8').trim()
}

const isReady = (cluster: string): boolean => {
  const file = join(cluster, 'postmaster.pid')
  return existsSync(file) && readFileSync(file, 'utf8').split('\n')[7]?.trim() === 'ready'
}

/**
 * Starts a PostgreSQL server on `dataFolder`, made at the first start. It listens on a free port of 127.0.0.1 with a
 * random password, commits durably, and recovers by itself after a kill. Throws `EmbeddedPostgresError`.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const dataFolder = resolve(options.dataFolder)
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const unlock = lockData(dataFolder)
  try {
    const binaries = findBinaries(isRoot())
    const { cluster, password } = await ensureCluster(binaries, dataFolder)
    await stopOrphan(cluster)
    const port = await freePort()
    const logFile = join(dataFolder, 'postgres.log')
    const log = openSync(logFile, 'a', 0o600)
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100', 'synchronous_commit=on', ...(options.settings ?? [])]
    const server = runOnData(
      binaries.postgres,
      cluster,
      data => ['-D', data, '-p', String(port), ...settings.flatMap(setting => ['-c', setting])],
      log,
    )
    closeSync(log)
    let exited = false
    const ended = new Promise<number | null>((done, failed) => {
      server.once('error', failed)
      server.once('exit', code => {
        exited = true
        done(code)
      })
    })
    server.unref()
    for (let waited = 0; !isReady(cluster); waited += 10) {
      if (exited || waited > startTimeoutMs) {
        if (!exited) server.kill('SIGINT')
        throw new EmbeddedPostgresError(`PostgreSQL did not start on ${cluster}. The end of ${logFile}:\n${tailOf(logFile)}`)
      }
      await Promise.race([wait(10), ended])
    }
    const stop = async () => {
      server.ref()
      if (!exited) server.kill('SIGINT')
      await ended
      unlock()
    }
    return {
      url: `postgresql://${superuser}:${password}@127.0.0.1:${port}/postgres`,
      pid: server.pid ?? 0,
      ended,
      stop,
    }
  } catch (error) {
    unlock()
    throw error
  }
}
