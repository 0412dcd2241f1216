import type { Algorithms } from '@qsm/protocol'
import type { CounterMetric, Database, Logger } from '@qsm/server-kit'
import type { KeyEncryptionKey } from '../at-rest/key-encryption-key.js'

/** What managed devices are built from. `algorithms.signer` may be a pool of workers; clock and randomness stand there too. */
export interface DeviceParts {
  readonly database: Database
  readonly kek: KeyEncryptionKey
  readonly algorithms: Algorithms
  readonly log: Logger
  readonly counters: DeviceCounters
}

export interface DeviceCounters {
  /** Entries of mailboxes that could not be opened, by reason. */
  readonly quarantined: CounterMetric
  /** Stored values that did not open in their place, by reason. */
  readonly atRestFailures: CounterMetric
}

/** One device of one user. */
export interface Address {
  readonly userId: string
  readonly deviceId: number
}

export const addressKey = ({ userId, deviceId }: Address): string => `${userId}/${deviceId}`
