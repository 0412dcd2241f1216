import type { AccountFeed } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import {
  accountFeedEntities,
  type Bus,
  type Clock,
  createNodeClassical,
  type Database,
  type Logger,
  type Metrics,
  openDatabase,
  type Pooler,
  type RateLimits,
  randomBytes,
  type Secret,
  startPatienceMs,
  type Tokens,
} from '@qsm/server-kit'
import { type AlgorithmReport, type Build, loadPostQuantum } from '@qsm/wasm'
import type { KeyEncryptionKey } from './at-rest/key-encryption-key.js'
import type { PerMinute } from './callers/user-limits.js'
import {
  ManagedAnswerEntity,
  ManagedDeviceEntity,
  ManagedPeerEntity,
  ManagedPrekeyEntity,
  ManagedRequestEntity,
} from './entities/managed-device.js'
import { ManagedKeyEntity, ManagedKeyVersionEntity, OwnerEntity } from './entities/managed-key.js'
import {
  AnnouncedMessageEntity,
  OpenedTextEntity,
  OutboxEntity,
  QuarantinedEntryEntity,
  SeenMessageEntity,
} from './entities/managed-message.js'
import { ManagedKeys1767225600001 } from './migrations/0001-managed-keys.js'
import { ManagedDevices1767225600002 } from './migrations/0002-managed-devices.js'
import { requireSelfTest } from './self-test/require-self-test.js'
import { createSigningPool, type SigningPool } from './signing/signing-pool.js'

export const quantumSchema = 'crypto'
export const quantumMigrations = [ManagedKeys1767225600001, ManagedDevices1767225600002]
export const quantumEntities = [
  ...accountFeedEntities(quantumSchema),
  OwnerEntity,
  ManagedKeyEntity,
  ManagedKeyVersionEntity,
  ManagedDeviceEntity,
  ManagedPrekeyEntity,
  ManagedRequestEntity,
  ManagedAnswerEntity,
  ManagedPeerEntity,
  AnnouncedMessageEntity,
  OpenedTextEntity,
  OutboxEntity,
  QuarantinedEntryEntity,
  SeenMessageEntity,
]

/** What the quantum service works with; chosen here and nowhere else. */
export interface QuantumContext {
  readonly database: Database
  readonly tokens: Tokens
  readonly feed: AccountFeed
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly rateLimits: RateLimits
  readonly kek: KeyEncryptionKey
  /** `signer` works in `signing`. */
  readonly algorithms: Algorithms
  readonly signing: SigningPool
  readonly report: AlgorithmReport
  /** Limits for each user. */
  readonly perMinute: PerMinute
  /** How long what a managed device has opened is kept. */
  readonly retentionMs: number
  readonly version: string
}

export interface QuantumContextOptions {
  readonly databaseUrl: Secret
  readonly poolMax: number
  /** What stands between; left out or null where connections go to PostgreSQL itself. */
  readonly pooler?: Pooler | null
  readonly tokens: Tokens
  readonly feed: AccountFeed
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly rateLimits: RateLimits
  readonly kek: KeyEncryptionKey
  readonly perMinute: PerMinute
  readonly retentionDays: number
  readonly signingThreads: number
  /** Of ML-KEM and Falcon-512. */
  readonly wasmBuild: Build
  readonly version: string
}

/** Tasks that may wait for each thread: under half a second of signatures. */
const waitingPerThread = 128

export const createQuantumContext = async (options: QuantumContextOptions): Promise<QuantumContext> => {
  const { databaseUrl, poolMax, pooler = null, signingThreads, wasmBuild, retentionDays, ...handed } = options
  const { kem, signer: verifier, report: libraryReport } = await loadPostQuantum({ build: wasmBuild })
  const classical = createNodeClassical()
  const report = await requireSelfTest(libraryReport, classical)
  if (report.fallbackReason !== null) {
    options.log.warn(
      { event: 'slower_algorithms', reason: report.fallbackReason },
      'the fast build of ML-KEM and Falcon-512 cannot be used here; the slower one runs',
    )
  }
  const database = await openDatabase({
    url: databaseUrl.reveal(),
    patienceMs: startPatienceMs,
    schema: quantumSchema,
    entities: quantumEntities,
    migrations: quantumMigrations,
    poolMax,
    pooler,
    log: options.log,
    metrics: options.metrics,
  })
  const signing = await createSigningPool({
    verifier,
    threads: signingThreads,
    build: wasmBuild,
    maxWaiting: waitingPerThread * signingThreads,
    log: options.log,
    metrics: options.metrics,
  }).catch(async error => {
    await database.close()
    throw error
  })
  const now = () => options.clock.now()
  const algorithms = { kem, signer: signing.signer, classical, randomBytes, now }
  return { ...handed, database, signing, algorithms, report, retentionMs: retentionDays * 86_400_000 }
}
