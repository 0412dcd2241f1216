import { type DeviceRecord, decodeDeviceRecord } from '@qsm/protocol'
import { type Bus, type Clock, createLookup, type Database, QsmError, uuids } from '@qsm/server-kit'
import { createKeptMap } from './kept-map.js'

export interface DeviceAddress {
  readonly userId: string
  readonly deviceId: number
}

export interface Devices {
  /** The device that a login session is bound to, or null. */
  bound(sessionId: string): Promise<DeviceAddress | null>
  /** Whether that device is a managed one; null where there is none. Keeps no record in memory: one is 3.5 KB with its keys. */
  isBoundToManaged(sessionId: string): Promise<boolean | null>
  /** The device of a login session. Throws `device_required` where there is none. */
  requireBound(sessionId: string): Promise<DeviceAddress>
  /** The parsed record of a device that was not removed, or null. Keys, suites and flags are those of the device for ever. */
  record(address: DeviceAddress): Promise<DeviceRecord | null>
  /** The bound device of a login session with its record. Throws `device_required`. */
  requireSender(sessionId: string): Promise<DeviceAddress & { readonly record: DeviceRecord }>
  /** Ids of the active devices of each of these users. */
  activeOf(userIds: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>>
  /** Forgets what is kept of a device, as when it was removed. */
  forget(address: DeviceAddress): void
  /** Keeps what this pod has just stored: the session is bound to this device, which is not a managed one. */
  remember(sessionId: string, address: DeviceAddress): void
  stop(): void
}

/** How long a binding is trusted without a look: a hint that it has changed may be lost. */
const bindingLifeMs = 5_000
const maxKept = 50_000

interface Binding {
  readonly address: DeviceAddress
  readonly managed: boolean
  readonly until: number
}

const keyOf = ({ userId, deviceId }: DeviceAddress): string => `${userId}/${deviceId}`

/** Devices as requests ask for them, over the database; what does not change is kept in memory. */
export const createDevices = ({ database, bus, clock }: { database: Database; bus: Bus; clock: Clock }): Devices => {
  const bindings = createKeptMap<Binding>(maxKept)
  const records = createKeptMap<DeviceRecord>(maxKept)

  const forget = (address: DeviceAddress) => {
    records.delete(keyOf(address))
    bindings.deleteWhere(({ address: bound }) => keyOf(bound) === keyOf(address))
  }
  const unsubscribe = [
    bus.subscribe('device-removed', hint => forget({ userId: hint.user_id, deviceId: hint.device_id })),
    bus.subscribe('device-bound', hint => bindings.delete(hint.session_id)),
  ]

  const keep = (sessionId: string, found: Pick<Binding, 'address' | 'managed'>): Binding => {
    const binding = { ...found, until: clock.now() + bindingLifeMs }
    bindings.put(sessionId, binding)
    return binding
  }

  const lookForBinding = createLookup<Pick<Binding, 'address' | 'managed'>>(async sessionIds => {
    const rows = await database.query<{ session_id: string; user_id: string; device_id: string; managed: boolean }>(
      {
        name: 'device-bindings',
        // The array is hidden behind a SELECT, so that one plan is kept for every length.
        text: `SELECT b.session_id, b.user_id, b.device_id, d.managed
          FROM unnest((SELECT $1::uuid[])) AS s(session_id) JOIN message.device_binding b USING (session_id)
          JOIN message.device d USING (user_id, device_id) WHERE d.removed_at IS NULL`,
      },
      [uuids(sessionIds)],
    )
    return new Map(
      rows.map(({ session_id, user_id, device_id, managed }) => [
        session_id,
        { address: { userId: user_id, deviceId: Number(device_id) }, managed },
      ]),
    )
  })

  const bindingOf = async (sessionId: string): Promise<Binding | null> => {
    const known = bindings.get(sessionId)
    if (known && known.until > clock.now()) return known
    const found = await lookForBinding(sessionId)
    return found ? keep(sessionId, found) : null
  }
  const bound = async (sessionId: string) => (await bindingOf(sessionId))?.address ?? null

  const requireBound = async (sessionId: string): Promise<DeviceAddress> => {
    const address = await bound(sessionId)
    if (!address) throw new QsmError('device_required')
    return address
  }
  const recordOf = async (address: DeviceAddress): Promise<DeviceRecord | null> => {
    const known = records.get(keyOf(address))
    if (known) return known
    const [row] = await database.query<{ record: Buffer }>(
      'SELECT record FROM message.device WHERE user_id = $1 AND device_id = $2 AND removed_at IS NULL',
      [address.userId, address.deviceId],
    )
    if (!row) return null
    const record = decodeDeviceRecord(new Uint8Array(row.record))
    records.put(keyOf(address), record)
    return record
  }

  return {
    bound,
    isBoundToManaged: async sessionId => (await bindingOf(sessionId))?.managed ?? null,
    requireBound,
    record: recordOf,
    forget,
    remember: (sessionId, address) => void keep(sessionId, { address, managed: false }),
    async requireSender(sessionId) {
      const address = await requireBound(sessionId)
      const record = await recordOf(address)
      if (!record) throw new QsmError('device_required')
      return { ...address, record }
    },
    async activeOf(userIds) {
      const rows = await database.query<{ user_id: string; device_id: string }>(
        `SELECT user_id, device_id FROM message.device
         WHERE user_id = ANY($1::uuid[]) AND removed_at IS NULL AND (expires_at = 0 OR expires_at > $2)
         ORDER BY user_id, device_id`,
        [userIds, clock.now()],
      )
      const found = new Map<string, number[]>(userIds.map(userId => [userId, []]))
      for (const row of rows) found.get(row.user_id)?.push(Number(row.device_id))
      return found
    },
    stop() {
      for (const end of unsubscribe) end()
    },
  }
}
