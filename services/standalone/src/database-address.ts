import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const fileIn = (dataFolder: string): string => join(resolve(dataFolder), 'postgres-url')

/**
 * Where the embedded database of a data folder was last: its address with user and password. Null where none has run. It
 * stays when the server stops, so it does not say that the server runs.
 */
export const readDatabaseAddress = (dataFolder: string): string | null => {
  try {
    const address = readFileSync(fileIn(dataFolder), 'utf8').trim()
    return URL.canParse(address) ? address : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Leaves the address for other processes of the same user. Whoever reads sees the old or the new one, never a part. */
export const writeDatabaseAddress = (dataFolder: string, address: string): void => {
  const file = fileIn(dataFolder)
  writeFileSync(`${file}.new`, `${address}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
