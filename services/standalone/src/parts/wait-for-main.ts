import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError, isDatabaseTrouble, probeDatabase, Secret } from '@qsm/server-kit'
import type { StandaloneConfig } from '../config.js'
import { readDatabaseAddress } from '../database-address.js'
import { keptJwtSecret } from '../generated-secret.js'
import type { StartOptions } from './runtime.js'

type Found<T> = { readonly value: T } | { readonly missing: string }

const lookEveryMs = 250
const tellEveryMs = 10_000

/** Looks until it is there, and says what is missing: at once where that is another thing, else every ten seconds. */
const waitFor = async <T>(look: () => Promise<Found<T>>, { onStep, signal }: StartOptions): Promise<T> => {
  let told = ''
  let toldAt = 0
  for (;;) {
    const found = await look()
    if ('value' in found) return found.value
    const now = performance.now()
    if (found.missing !== told || now - toldAt >= tellEveryMs) {
      onStep?.(`waiting: ${found.missing}`)
      told = found.missing
      toldAt = now
    }
    await sleep(lookEveryMs, undefined, signal ? { signal } : {})
  }
}

const startMain = 'start the main application on the same QSM_DATA_DIR (qsm-server start main)'

const lookAtOutside = async (url: Secret): Promise<Found<Secret>> => {
  try {
    await probeDatabase(url.reveal())
    return { value: url }
  } catch (error) {
    if (!isDatabaseTrouble(error)) throw error
    return { missing: (error as Error).message }
  }
}

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
    return { missing: `there is no database in ${folder} yet: ${startMain}, or name a server in DATABASE_URL` }
  }
  try {
    await probeDatabase(address)
    return { value: new Secret(address) }
  } catch {
    // Away, or its port is another server's by now: the main application writes the address anew when it starts.
    return { missing: `the database of ${folder} does not answer: ${startMain}` }
  }
}

/** The database that the main application uses: of DATABASE_URL, or of the data folder. Waits until it answers. */
export const findDatabase = (
  config: Pick<StandaloneConfig, 'DATABASE_URL' | 'QSM_DATA_DIR'>,
  options: StartOptions,
): Promise<Secret> => {
  const outside = config.DATABASE_URL
  return waitFor(() => (outside ? lookAtOutside(outside) : lookAtEmbedded(config.QSM_DATA_DIR)), options)
}

/** The secret by which the main application signs tokens: of JWT_SECRET, or the one that it keeps. Waits for that. */
export const findJwtSecret = (
  config: Pick<StandaloneConfig, 'JWT_SECRET' | 'QSM_DATA_DIR'>,
  options: StartOptions,
): Promise<string> =>
  waitFor(async () => {
    const secret = config.JWT_SECRET?.reveal() ?? keptJwtSecret(config.QSM_DATA_DIR)
    const missing = `there is no secret in ${config.QSM_DATA_DIR} yet: ${startMain}, or give both the same JWT_SECRET`
    return secret === null ? { missing } : { value: secret }
  }, options)
