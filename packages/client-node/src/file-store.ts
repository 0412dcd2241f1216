import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Changes, createQueue, overlay, type Store } from '@qsm/client'
import { withFileLock } from './file-lock.js'

const journalName = 'journal'

const nameOf = (key: string): string => `${encodeURIComponent(key)}.v`
const keyOf = (name: string): string => decodeURIComponent(name.slice(0, -2))

const syncFolder = (folder: string): void => {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Writes a file so that after a crash it is there whole or not at all. */
const writeWhole = (folder: string, name: string, bytes: Uint8Array): void => {
  const temporary = join(folder, `${name}.new`)
  const descriptor = openSync(temporary, 'w', 0o600)
  try {
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, join(folder, name))
}

/** `u32 keyLength ‖ key ‖ u8 present ‖ u32 length ‖ value` for each change. */
const encodeJournal = (changes: Changes): Uint8Array => {
  const parts: Buffer[] = []
  for (const [key, value] of changes.map) {
    const name = Buffer.from(key, 'utf8')
    const head = Buffer.alloc(4)
    head.writeUInt32BE(name.length)
    const tail = Buffer.alloc(5)
    tail.writeUInt8(value === null ? 0 : 1)
    tail.writeUInt32BE(value?.length ?? 0, 1)
    parts.push(head, name, tail, Buffer.from(value ?? []))
  }
  return Buffer.concat(parts)
}

const decodeJournal = (bytes: Buffer): Changes => {
  const changes = new Changes()
  for (let offset = 0; offset < bytes.length; ) {
    const nameLength = bytes.readUInt32BE(offset)
    const key = bytes.toString('utf8', offset + 4, offset + 4 + nameLength)
    offset += 4 + nameLength
    const isPresent = bytes.readUInt8(offset) === 1
    const length = bytes.readUInt32BE(offset + 1)
    offset += 5
    if (isPresent) changes.put(key, new Uint8Array(bytes.subarray(offset, offset + length)))
    else changes.delete(key)
    offset += length
  }
  return changes
}

const apply = (folder: string, changes: Changes): void => {
  for (const [key, value] of changes.map) {
    if (value === null) rmSync(join(folder, nameOf(key)), { force: true })
    else writeWhole(folder, nameOf(key), value)
  }
  syncFolder(folder)
}

/** Finishes what a killed process had decided: a journal is there only when it is complete. */
const recover = (folder: string): void => {
  let journal: Buffer
  try {
    journal = readFileSync(join(folder, journalName))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  apply(folder, decodeJournal(journal))
  rmSync(join(folder, journalName))
}

const commit = (folder: string, changes: Changes): void => {
  if (changes.map.size === 0) return
  if (changes.map.size === 1) return apply(folder, changes)
  writeWhole(folder, journalName, encodeJournal(changes))
  syncFolder(folder)
  apply(folder, changes)
  rmSync(join(folder, journalName))
}

/**
 * A store in files of one directory, mode 0700, each file 0600: one value a file, replaced whole. Several changes go through
 * a journal, so that a crash at any write leaves all of them or none. Processes take turns by a lock file. Private keys
 * stand in these files as they are: whoever can read the directory is this device.
 */
export const fileStore = (folder: string): Store => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const inTurn = createQueue()
  const base = {
    async get(key: string) {
      try {
        return new Uint8Array(readFileSync(join(folder, nameOf(key))))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    },
    async list(prefix: string) {
      const start = encodeURIComponent(prefix)
      const names = readdirSync(folder).filter(name => name.startsWith(start) && name.endsWith('.v'))
      return names.sort().map(name => [keyOf(name), new Uint8Array(readFileSync(join(folder, name)))] as const)
    },
  }
  return {
    exclusive: work =>
      inTurn(() =>
        withFileLock(join(folder, 'lock'), async () => {
          recover(folder)
          const changes = new Changes()
          const result = await work(overlay(changes, base))
          commit(folder, changes)
          return result
        }),
      ),
    async close() {},
  }
}
