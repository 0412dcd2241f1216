import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  createNamedTurns,
  createTurns,
  noLongerWaited,
  openTransaction,
  QsmClientError,
  type Store,
  wipeChanges,
} from '@qsm/client'
import { tryLock } from './file-lock.js'
import { type FileOperations, fileOperations } from './file-operations.js'
import { explained, explaining } from './unusable.js'
import { indexName, openValueFiles } from './value-files.js'

const defaultWriterWaitMs = 30_000
const writerPollMs = 3
const alonePollMs = 50

export interface FileStoreOptions {
  /** How long a piece of work waits for a writer of another process, ms; 30 000 by default. */
  readonly writerWaitMs?: number
  /** Handed in by tests. */
  readonly operations?: FileOperations
}

const inUse = (folder: string, what: string, pid: number | null): QsmClientError =>
  new QsmClientError(
    'store_in_use',
    `${pid === null ? 'Another process' : `Process ${pid}`} ${what} the store in ${folder}. End it first, or use another store (qsm: another --home).`,
  )

/**
 * Makes a folder and those above it, 0700. Node's own way (`recursive`) never ends where a folder is there in which none can be
 * made, as in /proc.
 */
const makeFolder = (folder: string): void => {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  const above = dirname(folder)
  if (above !== folder) makeFolder(above)
  try {
    mkdirSync(folder, 0o700)
  } catch (error) {
    // Another process was faster.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

/** Makes the folder, 0700. One that is there already is closed to others only where it is ours. */
const prepareFolder = (folder: string): void => {
  makeFolder(resolve(folder))
  if ((statSync(folder).mode & 0o077) === 0) return
  const names = readdirSync(folder)
  if (names.length === 0 || names.includes(indexName)) chmodSync(folder, 0o700)
}

/**
 * A store in files of one folder (0700), a file (0600) for each value. Processes take turns by a lock file, which a killed
 * one does not keep. Private keys stand in these files as they are: whoever can read the folder is this device.
 */
export const fileStore = (
  folder: string,
  { writerWaitMs = defaultWriterWaitMs, operations = fileOperations }: FileStoreOptions = {},
): Store => {
  explaining(folder, () => prepareFolder(folder))
  const inTurn = createTurns()
  const alone = createNamedTurns()
  const values = openValueFiles(folder, explained(folder, operations))

  const tryFile = (name: string) => explaining(folder, () => tryLock(join(folder, `${name}.lock`)))

  const lockAsWriter = async (): Promise<() => void> => {
    const begun = performance.now()
    for (;;) {
      const tried = tryFile('writer')
      if ('release' in tried) return tried.release
      if (performance.now() - begun > writerWaitMs) throw inUse(folder, 'has been writing for long to', tried.heldBy)
      await wait(writerPollMs)
    }
  }
  const lockAlone = async (name: string, mayWait: boolean, signal: AbortSignal | undefined): Promise<() => void> => {
    for (;;) {
      if (signal?.aborted) throw noLongerWaited()
      const tried = tryFile(`alone.${encodeURIComponent(name)}`)
      if ('release' in tried) return tried.release
      if (!mayWait && tried.heldBy !== null) throw inUse(folder, `holds "${name}" of`, tried.heldBy)
      await wait(alonePollMs)
    }
  }

  return {
    exclusive: work =>
      inTurn(async () => {
        const release = await lockAsWriter()
        try {
          await values.refresh()
          const { transaction, changes } = openTransaction(values)
          try {
            const result = await work(transaction)
            await values.apply(changes)
            return result
          } finally {
            wipeChanges(changes)
          }
        } finally {
          release()
        }
      }),
    alone: (name, work, options = {}) =>
      alone(
        name,
        async () => {
          const release = await lockAlone(name, options.wait !== false, options.signal)
          try {
            return await work()
          } finally {
            release()
          }
        },
        options,
      ),
    async close() {},
  }
}
