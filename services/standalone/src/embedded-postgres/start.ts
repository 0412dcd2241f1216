import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { findBinaries } from './binaries.js'
import { ensureCluster, superuser } from './create-cluster.js'
import { lockData } from './data-lock.js'
import { EmbeddedPostgresError } from './error.js'
import { otherUserFor } from './run-as.js'
import { runServer } from './run-server.js'
import { stopOrphan } from './stop-orphan.js'

export interface EmbeddedPostgres {
  /** Address of the database `postgres` with user and password; never to be logged. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves with the exit code (null: killed) when the server ends, expected or not. */
  readonly ended: Promise<number | null>
  /** Fast stop: open transactions are rolled back, everything is written out. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Holds the cluster, its password, the server's log and the lock. Made if absent. */
  readonly dataFolder: string
  /** Port of 127.0.0.1; by default a free one. */
  readonly port?: number
  /** Taken where it is free. */
  readonly preferredPort?: number
  /** False for throw-away data only: nothing is flushed to the disk. */
  readonly durable?: boolean
  /** Further settings, `name=value`. */
  readonly settings?: readonly string[]
}

const readable = (dataFolder: string, error: unknown): unknown => {
  const { code, path } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const text = `This user may not use ${path ?? dataFolder} (${code}). Start as the owner of ${dataFolder}, give it to this user, or set QSM_DATA_DIR to another folder.`
    return new EmbeddedPostgresError(text, { cause: error })
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EmbeddedPostgresError(`No space is left for the data in ${dataFolder}. Make room and start again.`, {
      cause: error,
    })
  }
  return error
}

const withLock = async (dataFolder: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const unlock = await lockData(dataFolder)
  try {
    const durable = options.durable ?? true
    const user = otherUserFor(dataFolder)
    const binaries = findBinaries(user)
    const cluster = await ensureCluster(binaries, dataFolder, user, durable)
    await stopOrphan(cluster.folder)
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'max_connections=100',
      'synchronous_commit=on',
      `fsync=${durable ? 'on' : 'off'}`,
      ...(options.settings ?? []),
    ]
    const server = await runServer({
      postgres: binaries.postgres,
      cluster: cluster.folder,
      user,
      settings,
      logFolder: dataFolder,
      port: options.port ?? null,
      preferredPort: options.preferredPort ?? 0,
    })
    return {
      url: `postgresql://${superuser}:${cluster.password}@127.0.0.1:${server.port}/postgres`,
      port: server.port,
      pid: server.pid,
      ended: server.ended,
      async stop() {
        await server.stop()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

/**
 * Starts a PostgreSQL server on `dataFolder`, made at the first start. It listens on 127.0.0.1 with a random password,
 * commits durably, and recovers by itself after a kill. Throws `EmbeddedPostgresError`.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const dataFolder = resolve(options.dataFolder)
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
    return await withLock(dataFolder, options)
  } catch (error) {
    throw readable(dataFolder, error)
  }
}
