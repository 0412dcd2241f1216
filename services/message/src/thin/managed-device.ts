import { decodeBase64 } from '@qsm/contract'
import { type DeviceRecord, decodeDeviceRecord, equalBytes } from '@qsm/protocol'
import { QsmError, type Query } from '@qsm/server-kit'
import type { Accounts } from '../accounts/accounts.js'
import type { MessageContext } from '../context.js'
import type { DeviceAddress } from '../devices/devices.js'
import { judgeDeviceRecord } from '../devices/judge-device-record.js'
import { createKeptMap } from '../devices/kept-map.js'
import { removeDeviceWithin } from '../devices/remove.js'
import { lockAccount, storeDevice } from '../devices/store-device.js'
import type { ThinCaller } from './thin-caller.js'

/** Which device the quantum service plays for a user. */
export interface ManagedDeviceOf {
  /** The registered one, or null. */
  find(userId: string): Promise<DeviceAddress | null>
  /** Has the quantum service show its device, makes one where there is none, and registers it. */
  present(caller: ThinCaller): Promise<DeviceAddress>
  /** Looks anew at the next `find`. */
  forget(userId: string): void
  stop(): void
}

/** How long a look is trusted: a hint that a device was removed may be lost. */
const lookLifeMs = 5_000
const maxKept = 50_000
/** As many ids as the quantum service takes. */
const maxUnusable = 1_000
const maxClashes = 3

const findManaged = async (query: Query, userId: string): Promise<DeviceAddress | null> => {
  const [row] = await query<{ device_id: string }>(
    'SELECT device_id FROM message.device WHERE user_id = $1 AND managed AND removed_at IS NULL',
    [userId],
  )
  return row ? { userId, deviceId: Number(row.device_id) } : null
}

/** Ids that no managed device can have: removed ones, managed ones before all, and those of the user's own devices. */
const unusableIds = async (query: Query, userId: string): Promise<number[]> => {
  const rows = await query<{ device_id: string }>(
    `SELECT device_id FROM message.device WHERE user_id = $1 AND (removed_at IS NOT NULL OR NOT managed)
     ORDER BY removed_at IS NULL DESC, managed DESC, removed_at DESC LIMIT ${maxUnusable}`,
    [userId],
  )
  return rows.map(row => Number(row.device_id))
}

/** A record that another request has stored a moment ago, or one before it. */
const isKnownAlready = async (query: Query, userId: string, record: DeviceRecord): Promise<boolean> => {
  const [row] = await query<{ record: Buffer }>(
    'SELECT record FROM message.device WHERE user_id = $1 AND device_id = $2 AND removed_at IS NULL',
    [userId, record.device],
  )
  if (!row) return false
  const stored = decodeDeviceRecord(new Uint8Array(row.record))
  return stored.createdAt >= record.createdAt && equalBytes(stored.identityKey, record.identityKey)
}

/**
 * Registers the device of the quantum service. One that it plays no more, as after the loss of its keys, is removed and
 * returned.
 */
const register = (
  { database }: MessageContext,
  userId: string,
  record: DeviceRecord,
  now: number,
): Promise<DeviceAddress | null> =>
  database.transaction(async query => {
    await lockAccount(query, userId)
    if (await isKnownAlready(query, userId, record)) return null
    const before = await findManaged(query, userId)
    const lost = before?.deviceId === record.device ? null : before
    if (lost) await removeDeviceWithin(query, lost, now)
    await storeDevice(query, userId, record, now)
    return lost
  })

export const createManagedDeviceOf = (
  context: MessageContext,
  accounts: Pick<Accounts, 'requireActiveUser'>,
): ManagedDeviceOf => {
  const { database, bus, clock, managed, verifier } = context
  const looks = createKeptMap<{ readonly address: DeviceAddress; readonly until: number }>(maxKept)
  const underway = new Map<string, Promise<DeviceAddress>>()
  const unsubscribe = bus.subscribe('device-removed', hint => looks.delete(hint.user_id))

  const keep = (address: DeviceAddress) => {
    looks.put(address.userId, { address, until: clock.now() + lookLifeMs })
    return address
  }

  const presentOnce = async ({ userId, accessToken }: ThinCaller): Promise<DeviceAddress> => {
    // The first request of an account may come before this database knows of it.
    await accounts.requireActiveUser({ userId })
    for (let clashes = 0; ; clashes += 1) {
      const unusable_device_ids = await unusableIds(database.query, userId)
      const shown = await managed.run(accessToken, 'ensure_device', { unusable_device_ids })
      const record = await judgeDeviceRecord(verifier, userId, decodeBase64(shown.device_record))
      try {
        const lost = await register(context, userId, record, clock.now())
        if (lost) bus.publish({ kind: 'device-removed', user_id: userId, device_id: lost.deviceId })
        return keep({ userId, deviceId: record.device })
      } catch (error) {
        // The same id was drawn for another device of this user just now.
        if (!(error instanceof QsmError && error.code === 'device_id_taken') || clashes === maxClashes) throw error
      }
    }
  }

  return {
    async find(userId) {
      const known = looks.get(userId)
      if (known && known.until > clock.now()) return known.address
      const found = await findManaged(database.query, userId)
      if (found) keep(found)
      return found
    },
    present(caller) {
      const running = underway.get(caller.userId) ?? presentOnce(caller).finally(() => underway.delete(caller.userId))
      underway.set(caller.userId, running)
      return running
    },
    forget: userId => looks.delete(userId),
    stop: unsubscribe,
  }
}
