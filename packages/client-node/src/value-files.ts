import { join } from 'node:path'
import { QsmClientError, type StoreChanges, type StoredValues } from '@qsm/client'
import { isDraftOfDead } from './file-lock.js'
import type { FileOperations } from './file-operations.js'
import { packBytes, unpackBytes } from './stored-bytes.js'

/** Which file holds the value of which key. It is replaced as a whole: that is the moment at which a change happens. */
interface Index {
  readonly version: 1
  /** The number of the next file. Numbers are not used again. */
  readonly next: number
  readonly files: Readonly<Record<string, number>>
}

export const indexName = 'values.index'
const newIndexName = `${indexName}.new`
const emptyIndex: Index = { version: 1, next: 1, files: {} }

const valueName = (number: number): string => `${String(number).padStart(8, '0')}.value`
const isValueName = (name: string): boolean => /^[0-9]+\.value$/.test(name)

const damaged = (file: string, what: string): QsmClientError =>
  new QsmClientError(
    'store_damaged',
    `${file} ${what}. Restore the folder from a copy, or log in with an empty one (qsm: another --home), which makes a new device.`,
  )

const isIndex = (value: unknown): value is Index => {
  const { version, next, files } = Object(value) as Partial<Index>
  const isNumber = (number: unknown) => Number.isSafeInteger(number)
  return version === 1 && isNumber(next) && typeof files === 'object' && Object.values(files ?? [null]).every(isNumber)
}

const parseIndex = (folder: string, packed: Uint8Array): Index => {
  const bytes = unpackBytes(indexName, packed)
  const file = join(folder, indexName)
  if (!bytes) throw damaged(file, 'is damaged')
  const index: unknown = JSON.parse(new TextDecoder().decode(bytes))
  if (!isIndex(index)) throw damaged(file, 'is of another version of this program')
  return index
}

/** As `Promise.all`, but waits for all: one that is still under way would write into the files of the next change. */
const allOf = async (writes: readonly Promise<void>[]): Promise<void> => {
  for (const result of await Promise.allSettled(writes)) if (result.status === 'rejected') throw result.reason
}

/** The values in a folder, read and changed by whoever holds its lock. */
export interface ValueFiles extends StoredValues {
  /** Reads the index anew: another process may have changed it. */
  refresh(): Promise<void>
  /** All or nothing: after a crash at any step the values are those before or those after. */
  apply(changes: StoreChanges): Promise<void>
}

export const openValueFiles = (folder: string, operations: FileOperations): ValueFiles => {
  /** Null where nothing was kept yet. */
  let index: Index | null = null
  let isSwept = false

  const current = (): Index => index ?? emptyIndex
  const pathOf = (number: number): string => join(folder, valueName(number))

  /** Removes files of a change that was cut off, and of values that were replaced just before. */
  const sweep = async (names: readonly string[]): Promise<void> => {
    const used = new Set(Object.values(current().files).map(valueName))
    for (const name of names) {
      const isLeft = name === newIndexName || (isValueName(name) && !used.has(name))
      if (isLeft || isDraftOfDead(folder, name)) await operations.remove(join(folder, name))
    }
    isSwept = true
  }

  const writeIndex = async (next: Index): Promise<void> => {
    const bytes = new TextEncoder().encode(JSON.stringify(next))
    await operations.write(join(folder, newIndexName), packBytes(indexName, bytes))
    await operations.rename(join(folder, newIndexName), join(folder, indexName))
    await operations.syncFolder(folder)
  }

  const writeValue = (file: string, packed: Uint8Array): Promise<void> =>
    operations.write(file, packed).finally(() => packed.fill(0))

  return {
    async refresh() {
      const bytes = await operations.read(join(folder, indexName))
      const names = bytes && isSwept ? [] : await operations.names(folder)
      if (!bytes && names.some(isValueName)) throw damaged(join(folder, indexName), 'is missing')
      index = bytes && parseIndex(folder, bytes)
      if (!isSwept) await sweep(names)
    },
    async get(key) {
      const number = Object.hasOwn(current().files, key) ? current().files[key] : undefined
      if (number === undefined) return null
      const packed = await operations.read(pathOf(number))
      if (!packed) throw damaged(`${pathOf(number)},`, `which holds "${key}", is missing`)
      const value = unpackBytes(key, packed)
      packed.fill(0)
      if (!value) throw damaged(`${pathOf(number)},`, `which holds "${key}", is damaged`)
      return value
    },
    keys: async prefix => Object.keys(current().files).filter(key => key.startsWith(prefix)),
    async apply(changes) {
      if (changes.size === 0) return
      // Values without an index are a store that has lost it: they are not taken for what a first change has left.
      if (!index) await writeIndex(emptyIndex)
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
        writes.push(writeValue(pathOf(next), packBytes(key, value)))
        next += 1
      }
      if (writes.length === 0 && replaced.length === 0) return
      isSwept = false // Until this has gone through, there may be files that nobody names.
      await allOf(writes)
      const after: Index = { version: 1, next, files: Object.fromEntries(files) }
      await writeIndex(after)
      index = after
      for (const number of replaced) await operations.remove(pathOf(number))
      isSwept = true
    },
  }
}
