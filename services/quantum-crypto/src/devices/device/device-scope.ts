import {
  type Algorithms,
  type DeviceRecord,
  decodeDeviceRecord,
  decodeLocalDevice,
  equalBytes,
  identityKeyOf,
  type LocalDevice,
  wipe,
} from '@qsm/protocol'
import { QsmError, type Query } from '@qsm/server-kit'
import { type DataKey, openDataKey } from '../../at-rest/data-key.js'
import { watchAtRest } from '../../at-rest/failures.js'
import { AtRestError } from '../../at-rest/key-encryption-key.js'
import type { DeviceCounters, DeviceParts } from '../parts.js'
import { createPeerBook, type PeerBook } from '../peers/peer-book.js'
import { createDeviceTables, type DeviceTables } from '../tables/device-tables.js'
import { type DeviceRow, deviceKeyOwner, keysPlace, lockDevice } from './device-row.js'

/** A managed device at work: locked and open, within one transaction. All secrets in it are wiped when the work ends. */
export interface DeviceScope {
  readonly userId: string
  readonly row: DeviceRow
  readonly local: LocalDevice
  /** The own record that was signed last. */
  readonly record: DeviceRecord
  readonly dataKey: DataKey
  readonly peers: PeerBook
  readonly query: Query
  readonly tables: DeviceTables
  readonly algorithms: Algorithms
  readonly counters: DeviceCounters
  /** Milliseconds since 1970, when the work began. */
  readonly now: number
}

/**
 * Runs work on the device of a user; what it changes is committed when the promise resolves, and none of it where it rejects.
 * Throws `device_required` where the user has no managed device.
 */
export type DeviceWork = <T>(userId: string, work: (scope: DeviceScope) => Promise<T>) => Promise<T>

const openLocal = (row: DeviceRow, dataKey: DataKey): LocalDevice => {
  const bytes = dataKey.open(keysPlace(row), row.keys)
  try {
    return decodeLocalDevice(bytes)
  } finally {
    wipe(bytes)
  }
}

/** The one column that is no secret and not sealed: another record in its place would be shown to peers. */
const ownRecord = (row: DeviceRow, local: LocalDevice): DeviceRecord => {
  const record = decodeDeviceRecord(row.record)
  const isOwn = record.device === local.device && equalBytes(record.identityKey, identityKeyOf(local))
  if (!isOwn) throw new AtRestError('open_failed', 'the stored record of a managed device is that of another one')
  return record
}

/** Opens a locked device for `work`, stores the sessions that it has changed in `tables`, and wipes what was open. */
export const withScope = async <T>(
  { kek, algorithms, counters }: Pick<DeviceParts, 'kek' | 'algorithms' | 'counters'>,
  query: Query,
  row: DeviceRow,
  work: (scope: DeviceScope) => Promise<T>,
  tables: DeviceTables = createDeviceTables(query, row.userId),
): Promise<T> => {
  const dataKey = await openDataKey(kek, deviceKeyOwner(row), row.dataKey)
  const peers = createPeerBook({ query, tables, dataKey, userId: row.userId })
  let local: LocalDevice | null = null
  try {
    local = openLocal(row, dataKey)
    const record = ownRecord(row, local)
    const now = algorithms.now()
    const result = await work({
      ...{ userId: row.userId, row, local, record, dataKey, peers, query, tables, now },
      algorithms,
      counters,
    })
    await peers.flush()
    return result
  } finally {
    peers.wipe()
    if (local) wipe(local.falcon.secretKey, local.ecdsa.secretKey)
    dataKey.wipe()
  }
}

/** Counts and logs what did not open in its place; it goes up as it is. */
export const watchDevice = <T>(
  { counters, log }: Pick<DeviceParts, 'counters' | 'log'>,
  userId: string,
  work: () => Promise<T>,
): Promise<T> => watchAtRest({ counter: counters.atRestFailures, log }, { what: 'managed device', userId }, work)

export const noDevice = (): QsmError =>
  new QsmError('device_required', 'This user has no managed device, or it was removed: ensure_device makes one.')

/** Does not wait for other work of the same user in this process: who calls sees to turns. */
export const createDeviceWork =
  (parts: DeviceParts): DeviceWork =>
  (userId, work) =>
    watchDevice(parts, userId, () =>
      parts.database.transaction(async query => {
        const row = await lockDevice(query, userId)
        if (!row) throw noDevice()
        return withScope(parts, query, row, work)
      }),
    )
