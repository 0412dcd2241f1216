import { type InputOf, type ManagedOperationName, managedOperations, type OutputOf } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import {
  type Clock,
  createMetrics,
  createNodeClassical,
  type Database,
  type Logger,
  openDatabase,
  randomBytes,
  runJob,
} from '@qsm/server-kit'
import { loadPostQuantum } from '@qsm/wasm'
import type { HandClock } from '../../../../tests/support/hand-clock.js'
import { waitWithoutLimit } from '../../../../tests/support/patient-pool.js'
import { silentLog } from '../../../../tests/support/silent-log.js'
import type { KeyEncryptionKey } from '../../src/at-rest/key-encryption-key.js'
import { createLocalKek } from '../../src/at-rest/local-kek.js'
import { deviceCounters } from '../../src/devices/counters.js'
import { deviceJobs } from '../../src/devices/jobs.js'
import { createManagedDevices } from '../../src/devices/managed-devices.js'
import { quantumMigrations, quantumSchema } from '../../src/index.js'

type Operations = typeof managedOperations

/** Runs one operation for a user, as the route does; input and output are held against the contract. */
export type RunOperation = <N extends ManagedOperationName>(
  userId: string,
  operation: N,
  input: InputOf<Operations[N]>,
) => Promise<OutputOf<Operations[N]>>

export interface TestDevices {
  readonly databaseUrl: string
  readonly database: Database
  readonly kek: KeyEncryptionKey
  readonly clock: HandClock
  readonly algorithms: Algorithms
  readonly run: RunOperation
  /** Another process of the service, in this one: its own connections and queues, the same database, key and clock. */
  second(): Promise<TestDevices>
  /** Does all periodic work once, with a retention of 30 days. */
  runJobs(): Promise<void>
  /** Value of a counter over all labels. */
  counted(name: string): Promise<number>
  close(): Promise<void>
}

export const algorithmsOf = async (clock: Clock): Promise<Algorithms> => {
  const { kem, signer } = await loadPostQuantum()
  return { kem, signer, classical: createNodeClassical(), randomBytes, now: () => clock.now() }
}

export const testKek = (): KeyEncryptionKey => createLocalKek([{ id: 'test', key: new Uint8Array(32).fill(7) }])

const addOwner = (database: Database, userId: string) =>
  database.query(`INSERT INTO crypto.owner (user_id, state) VALUES ($1, 'active') ON CONFLICT DO NOTHING`, [userId])

/** Connects to a database that has the schema. */
export const openDevices = async (
  databaseUrl: string,
  kek: KeyEncryptionKey,
  clock: HandClock,
  options: {
    readonly algorithms?: Algorithms
    readonly log?: Logger
    readonly drop?: () => Promise<void>
  } = {},
): Promise<TestDevices> => {
  const { log = silentLog, drop = async () => {} } = options
  const database = await openDatabase({
    url: databaseUrl,
    schema: quantumSchema,
    entities: [],
    migrations: quantumMigrations,
    poolMax: 10,
    patienceMs: 30_000,
    log: silentLog,
  })
  waitWithoutLimit(database.pool)
  const algorithms = options.algorithms ?? (await algorithmsOf(clock))
  const metrics = createMetrics()
  const devices = createManagedDevices({ database, kek, algorithms, log, counters: deviceCounters(metrics) })
  return {
    databaseUrl,
    database,
    kek,
    clock,
    algorithms,
    async run(userId, operation, input) {
      const contract = managedOperations[operation]
      // As the account feed would have told.
      if (operation === 'ensure_device') await addOwner(database, userId)
      const parsed = contract.input.parse({ operation, ...input })
      return contract.output.parse(await devices.run(userId, parsed as never)) as never
    },
    async runJobs() {
      const jobs = deviceJobs({ devices, retentionMs: 30 * 86_400_000, log: silentLog })
      const context = { schema: quantumSchema, database, clock, log: silentLog, databaseNow: clock.now }
      for (const job of jobs) await runJob(context, job)
    },
    second: () => openDevices(databaseUrl, kek, clock),
    async counted(name) {
      const { body } = await metrics.text()
      const values = [...body.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))]
      return values.reduce((sum, match) => sum + Number(match[1]), 0)
    },
    async close() {
      await database.close()
      await drop()
    },
  }
}
