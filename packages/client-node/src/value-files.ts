import { join } from 'node:path'
import { QsmClientError, type StoreChanges, type StoredValues } from '@qsm/client'
import type { FileOperations } from './file-operations.js'

/** Which file holds the value of which key. It is replaced as a whole: that is the moment at which a change happens. */
interface Index {
  readonly version: 1
  /** The number of the next file. Numbers are not used again. */
  readonly next: number
  readonly files: Readonly<Record<string, number>>
}

const indexName = 'index.json'
const newIndexName = 'index.json.new'
const emptyIndex: Index = { version: 1, next: 1, files: {} }

const valueName = (number: number): string => `${String(number).padStart(8, '0')}.value`
const isValueName = (name: string): boolean => /^[0-9]+\.value$/.test(name)

const parseIndex = (folder: string, bytes: Uint8Array): Index => {
  try {
    const index = JSON.parse(new TextDecoder().decode(bytes)) as Index
    if (index.version === 1 && Number.isSafeInteger(index.next) && typeof index.files === 'object') return index
  } catch {
    // Told below, with what to do.
  }
  throw new QsmClientError(
    'store_damaged',
    `${join(folder, indexName)} is damaged, or was written by a newer version. Restore the folder from a copy, or log in with an empty one.`,
  )
}

/** The values in a folder, read and changed by whoever holds its lock. */
export interface ValueFiles extends StoredValues {
  /** Reads the index anew: another process may have changed it. */
  refresh(): Promise<void>
  /** All or nothing: after a crash at any step the values are those before or those after. */
  apply(changes: StoreChanges): Promise<void>
}

export const openValueFiles = (folder: string, operations: FileOperations): ValueFiles => {
  let index: Index | null = null
  let isSwept = false

  const current = (): Index => index ?? emptyIndex
  const pathOf = (number: number): string => join(folder, valueName(number))

  /** Files of a change that was cut off, and of values that were replaced just before. */
  const sweep = async (): Promise<void> => {
    const used = new Set(Object.values(current().files).map(valueName))
    for (const name of await operations.names(folder)) {
      if (name === newIndexName || (isValueName(name) && !used.has(name))) await operations.remove(join(folder, name))
    }
    isSwept = true
  }

  const writeIndex = async (next: Index): Promise<void> => {
    await operations.write(join(folder, newIndexName), new TextEncoder().encode(JSON.stringify(next)))
    await operations.rename(join(folder, newIndexName), join(folder, indexName))
    await operations.syncFolder(folder)
  }

  return {
    async refresh() {
      const bytes = await operations.read(join(folder, indexName))
      index = bytes ? parseIndex(folder, bytes) : emptyIndex
      if (!isSwept) await sweep()
    },
    async get(key) {
      const number = Object.hasOwn(current().files, key) ? current().files[key] : undefined
      if (number === undefined) return null
      const value = await operations.read(pathOf(number))
      if (value) return value
      throw new QsmClientError(
        'store_damaged',
        `${pathOf(number)} is missing. Restore the folder from a copy, or log in with an empty one.`,
      )
    },
    keys: async prefix => Object.keys(current().files).filter(key => key.startsWith(prefix)),
    async apply(changes) {
      const before = current()
      const files = new Map(Object.entries(before.files))
      const replaced: number[] = []
      const writes: Promise<void>[] = []
      let { next } = before
      for (const [key, value] of changes) {
        const old = files.get(key)
        if (old !== undefined) replaced.push(old)
        files.delete(key)
        if (value === null) continue
        files.set(key, next)
        writes.push(operations.write(pathOf(next), value))
        next += 1
      }
      if (writes.length === 0 && replaced.length === 0) return
      isSwept = false // Until this has gone through, there may be files that nobody names.
      await Promise.all(writes)
      const after: Index = { version: 1, next, files: Object.fromEntries(files) }
      await writeIndex(after)
      index = after
      for (const number of replaced) await operations.remove(pathOf(number))
      isSwept = true
    },
  }
}
