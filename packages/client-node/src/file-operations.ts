import { open, readdir, readFile, rename, unlink } from 'node:fs/promises'

/** What a store does with files; handed in by tests, which let it fail at each step. */
export interface FileOperations {
  /** A new file, 0600, whose bytes are on the disk when it resolves. */
  write(file: string, bytes: Uint8Array): Promise<void>
  /** Null where there is no such file. */
  read(file: string): Promise<Uint8Array | null>
  rename(from: string, to: string): Promise<void>
  /** Does nothing where there is no such file. */
  remove(file: string): Promise<void>
  names(folder: string): Promise<readonly string[]>
  /** What was made, renamed and removed in a folder is on the disk when it resolves. */
  syncFolder(folder: string): Promise<void>
}

const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

export const fileOperations: FileOperations = {
  async write(file, bytes) {
    const handle = await open(file, 'w', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  async read(file) {
    try {
      return new Uint8Array(await readFile(file))
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  },
  rename,
  async remove(file) {
    try {
      await unlink(file)
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
  },
  names: folder => readdir(folder),
  async syncFolder(folder) {
    if (process.platform === 'win32') return // Folders cannot be opened there; the file system keeps its own journal.
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}
