import {
  createLog,
  DatabaseError,
  databaseClockOffsetMs,
  migrationState,
  openDatabase,
  type Pooler,
  poolerOf,
  probeDatabase,
  Secret,
  schemaDrift,
  systemClock,
} from '@qsm/server-kit'
import { startDatabase } from '../database.js'
import { readDatabaseAddress } from '../database-address.js'
import { dataHolder } from '../embedded-postgres/data-lock.js'
import { type ServiceSchema, schemasOf } from '../schemas.js'
import type { Target } from '../target.js'
import type { CheckedConfig } from './checked-config.js'
import { type Finding, fail, ok } from './finding.js'

const checkSchema = async (url: string, service: ServiceSchema, pooler: Pooler | null): Promise<Finding> => {
  const name = `schema ${service.schema}`
  const log = createLog({ service: 'doctor', level: 'silent' })
  const database = await openDatabase({ ...service, url, poolMax: 2, pooler, log })
  try {
    const { pending, unknown } = await migrationState({ url, ...service })
    if (pending.length > 0) return fail(name, `lacks ${pending.join(', ')}: run qsm-server migrate ${service.part}`)
    if (unknown.length > 0) return ok(name, `up to date; a newer version has run ${unknown.join(', ')} besides`)
    const drift = await schemaDrift(database.dataSource)
    return drift.length === 0
      ? ok(name, 'up to date')
      : fail(name, `differs from this version by ${drift.length} statements, the first: ${drift[0]}`)
  } finally {
    await database.close()
  }
}

interface ReachedDatabase {
  readonly url: Secret
  readonly detail: string
  stop(): Promise<void>
}

/** The embedded database of a server that runs on the same data is reached where it listens; else it is started. */
const reachDatabase = async (config: CheckedConfig): Promise<ReachedDatabase> => {
  const holder = config.DATABASE_URL ? null : dataHolder(config.QSM_DATA_DIR)
  if (holder === null) {
    const { url, stop } = await startDatabase(config, { patienceMs: 0 })
    return { url, stop, detail: 'reached' }
  }
  const address = readDatabaseAddress(config.QSM_DATA_DIR)
  try {
    if (address === null) throw new DatabaseError('It has none yet.')
    await probeDatabase(address)
  } catch (cause) {
    const text = `Process ${holder} has the data in ${config.QSM_DATA_DIR}, but its database does not answer. Try again when it is ready, or restart it.`
    throw new DatabaseError(text, { cause })
  }
  return { url: new Secret(address), stop: async () => {}, detail: `reached; process ${holder} runs the server on it` }
}

/** Tokens and waits are measured by the clocks of several machines. */
const maxClockOffsetMs = 5_000

const checkClock = async (url: string): Promise<Finding> => {
  const offsetMs = await databaseClockOffsetMs(url, systemClock)
  const seconds = `${(Math.abs(offsetMs) / 1_000).toFixed(1)} s ${offsetMs < 0 ? 'ahead of' : 'behind'} the database`
  return Math.abs(offsetMs) <= maxClockOffsetMs
    ? ok('clock', seconds)
    : fail('clock', `${seconds}: let both machines keep time by NTP`)
}

/** Reaches the database, compares each schema that `target` has with this version, and the clocks. */
export const openDatabaseCheck = async (config: CheckedConfig, target: Target): Promise<Finding[]> => {
  try {
    const database = await reachDatabase(config)
    try {
      const findings: Finding[] = [ok('database', database.detail)]
      const pooler = poolerOf(config)
      for (const service of schemasOf(target)) findings.push(await checkSchema(database.url.reveal(), service, pooler))
      findings.push(await checkClock(database.url.reveal()))
      return findings
    } finally {
      await database.stop()
    }
  } catch (error) {
    return [fail('database', (error as Error).message)]
  }
}
