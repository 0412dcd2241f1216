import { DatabaseError, isDatabaseTrouble, probeDatabase, Secret } from '@qsm/server-kit'
import type { StandaloneConfig } from '../config.js'
import { readDatabaseAddress } from '../database-address.js'
import type { StartOptions } from './runtime.js'
import { type Found, startMainHint, waitFor } from './wait-for.js'

const lookAtOutside = async (url: Secret): Promise<Found<Secret>> => {
  try {
    await probeDatabase(url.reveal())
    return { value: url }
  } catch (cause) {
    if (!isDatabaseTrouble(cause)) throw cause
    return { missing: (cause as Error).message, cause }
  }
}

/** The server of DATABASE_URL, waited for while it is away. Throws `DatabaseError` for what waiting does not cure. */
export const findOutsideDatabase = (
  url: Secret,
  options: StartOptions & { readonly patienceMs?: number },
): Promise<Secret> => waitFor(() => lookAtOutside(url), options)

const readAddress = (folder: string): string | null => {
  try {
    return readDatabaseAddress(folder)
  } catch (cause) {
    const text = `This user may not read the database's address in ${folder}: run both processes as one user, or set DATABASE_URL.`
    throw new DatabaseError(text, { cause })
  }
}

const lookAtEmbedded = async (folder: string): Promise<Found<Secret>> => {
  const address = readAddress(folder)
  if (address === null) {
    return { missing: `there is no database in ${folder} yet: ${startMainHint}, or name a server in DATABASE_URL` }
  }
  try {
    await probeDatabase(address)
    return { value: new Secret(address) }
  } catch {
    // Away, or its port is another server's by now: the main application writes the address anew when it starts.
    return { missing: `the database of ${folder} does not answer: ${startMainHint}` }
  }
}

/** The database that the main application uses: of DATABASE_URL, or of the data folder. Waits until it answers. */
export const findDatabase = (
  { DATABASE_URL: outside, QSM_DATA_DIR: folder }: Pick<StandaloneConfig, 'DATABASE_URL' | 'QSM_DATA_DIR'>,
  options: StartOptions,
): Promise<Secret> => (outside ? findOutsideDatabase(outside, options) : waitFor(() => lookAtEmbedded(folder), options))
