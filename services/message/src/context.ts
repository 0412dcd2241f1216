import type { AccountFeed } from '@qsm/contract'
import type { Classical, Signer } from '@qsm/protocol'
import {
  accountFeedEntities,
  type Bus,
  type Clock,
  createNodeClassical,
  type Database,
  type DatabaseClock,
  followDatabaseClock,
  type Logger,
  type Metrics,
  openDatabase,
  type Pooler,
  type Presence,
  type RateLimits,
  type Secret,
  startPatienceMs,
  type Tokens,
  type Tracing,
} from '@qsm/server-kit'
import { loadPostQuantum } from '@qsm/wasm'
import { KnownAccountEntity } from './entities/account.js'
import { StoredConnectionEntity, StoredRequestEntity } from './entities/connection.js'
import {
  DeviceBindingEntity,
  StartedUseEntity,
  StoredDeviceEntity,
  StoredPrekeyEntity,
  UsedPrekeyEntity,
} from './entities/device.js'
import { createManagedDevices, type ManagedDevices, type QuantumAccess } from './managed/managed-devices.js'
import { Devices1767225600001 } from './migrations/0001-devices.js'
import { Mailboxes1767225600002 } from './migrations/0002-mailboxes.js'
import { ThinClients1767225600003 } from './migrations/0003-thin-clients.js'
import { InlineEnvelopes1767225600004 } from './migrations/0004-inline-envelopes.js'
import { SocketHolder1767225600005 } from './migrations/0005-socket-holder.js'
import { LaterRemoval1767225600006 } from './migrations/0006-later-removal.js'
import { RetentionIndexes1767225600007 } from './migrations/0007-retention-indexes.js'
import { AnsweredRequests1767225600008 } from './migrations/0008-answered-requests.js'
import { EntryBound1767225600009 } from './migrations/0009-entry-bound.js'
import { CheckedEntryBound1767225600010 } from './migrations/0010-checked-entry-bound.js'
import { EntryPartitions1767225600011 } from './migrations/0011-entry-partitions.js'

export const messageSchema = 'message'
export const messageMigrations = [
  Devices1767225600001,
  Mailboxes1767225600002,
  ThinClients1767225600003,
  InlineEnvelopes1767225600004,
  SocketHolder1767225600005,
  LaterRemoval1767225600006,
  RetentionIndexes1767225600007,
  AnsweredRequests1767225600008,
  EntryBound1767225600009,
  CheckedEntryBound1767225600010,
  EntryPartitions1767225600011,
]
export const messageEntities = [
  KnownAccountEntity,
  ...accountFeedEntities(messageSchema),
  StoredDeviceEntity,
  DeviceBindingEntity,
  StoredPrekeyEntity,
  UsedPrekeyEntity,
  StoredConnectionEntity,
  StoredRequestEntity,
  StartedUseEntity,
]

/** What a server needs to judge records and envelopes; it holds no key of any user. */
export interface Verifier {
  readonly signer: Signer
  readonly classical: Classical
  now(): number
}

/** What the message service works with; chosen here and nowhere else. */
export interface MessageContext {
  readonly database: Database
  readonly tokens: Tokens
  readonly feed: AccountFeed
  readonly bus: Bus
  readonly presence: Presence
  readonly clock: Clock
  /** By which entries are dated, the same for all pods. */
  readonly databaseClock: DatabaseClock
  readonly log: Logger
  readonly metrics: Metrics
  /** Null where nothing is traced. */
  readonly tracing: Tracing | null
  readonly rateLimits: RateLimits
  readonly verifier: Verifier
  readonly retentionMs: number
  readonly managed: ManagedDevices
}

export interface MessageContextOptions {
  readonly databaseUrl: Secret
  readonly poolMax: number
  /** What stands between; left out or null where connections go to PostgreSQL itself. */
  readonly pooler?: Pooler | null
  readonly tokens: Tokens
  readonly feed: AccountFeed
  readonly bus: Bus
  readonly presence: Presence
  readonly clock: Clock
  /** What PostgreSQL would say, where a clock is moved by hand; it is asked where left out. */
  readonly databaseClock?: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** Null where nothing is traced. */
  readonly tracing: Tracing | null
  readonly rateLimits: RateLimits
  readonly retentionDays: number
  /** Plays the devices of thin clients; null where there is none. */
  readonly quantum: QuantumAccess | null
}

const databaseClockOf = async (
  { clock, databaseClock, log }: MessageContextOptions,
  database: Database,
): Promise<DatabaseClock> => {
  if (databaseClock) return { now: databaseClock.now, stop() {} }
  try {
    return await followDatabaseClock({ database, clock, log })
  } catch (error) {
    await database.close()
    throw error
  }
}

export const createMessageContext = async (options: MessageContextOptions): Promise<MessageContext> => {
  const { signer } = await loadPostQuantum()
  const database = await openDatabase({
    url: options.databaseUrl.reveal(),
    patienceMs: startPatienceMs,
    schema: messageSchema,
    entities: messageEntities,
    migrations: messageMigrations,
    poolMax: options.poolMax,
    pooler: options.pooler ?? null,
    log: options.log,
    metrics: options.metrics,
  })
  return {
    database,
    databaseClock: await databaseClockOf(options, database),
    tokens: options.tokens,
    feed: options.feed,
    bus: options.bus,
    presence: options.presence,
    clock: options.clock,
    log: options.log,
    metrics: options.metrics,
    tracing: options.tracing,
    rateLimits: options.rateLimits,
    verifier: { signer, classical: createNodeClassical(), now: () => options.clock.now() },
    retentionMs: options.retentionDays * 86_400_000,
    managed: createManagedDevices(options.quantum, options.metrics),
  }
}
