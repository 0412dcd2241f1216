import { type DeviceRecord, decodeDeviceRecord } from '@qsm/protocol'
import { QsmError } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'

export interface DeviceAddress {
  readonly userId: string
  readonly deviceId: number
}

export interface Devices {
  /** The device that a login session is bound to, or null. */
  bound(sessionId: string): Promise<DeviceAddress | null>
  /** The same, or throws `device_required`. */
  requireBound(sessionId: string): Promise<DeviceAddress>
  /** The parsed record of a device that was not removed; its keys never change, so it is kept. */
  record(address: DeviceAddress): Promise<DeviceRecord | null>
  forget(address: DeviceAddress): void
  remember(sessionId: string, address: DeviceAddress): void
}

const bindingLifeMs = 5_000
const maxKept = 50_000

const keyOf = ({ userId, deviceId }: DeviceAddress): string => `${userId}/${deviceId}`

/** Bounds a map by dropping what was put in first. */
const put = <V>(map: Map<string, V>, key: string, value: V): void => {
  if (map.size >= maxKept) map.delete(map.keys().next().value as string)
  map.set(key, value)
}

export const createDevices = (context: MessageContext): Devices => {
  const { database, clock, bus } = context
  const bindings = new Map<string, { address: DeviceAddress; until: number }>()
  const records = new Map<string, DeviceRecord>()

  const forget = (address: DeviceAddress) => {
    records.delete(keyOf(address))
    for (const [sessionId, entry] of bindings) {
      if (keyOf(entry.address) === keyOf(address)) bindings.delete(sessionId)
    }
  }
  bus.subscribe('device-removed', hint => forget({ userId: hint.user_id, deviceId: hint.device_id }))
  bus.subscribe('device-bound', hint => bindings.delete(hint.session_id))

  const bound = async (sessionId: string): Promise<DeviceAddress | null> => {
    const known = bindings.get(sessionId)
    if (known && known.until > clock.now()) return known.address
    const [row] = await database.query<{ user_id: string; device_id: string }>(
      `SELECT b.user_id, b.device_id FROM message.device_binding b JOIN message.device d USING (user_id, device_id)
       WHERE b.session_id = $1 AND d.removed_at IS NULL`,
      [sessionId],
    )
    if (!row) return null
    const address = { userId: row.user_id, deviceId: Number(row.device_id) }
    put(bindings, sessionId, { address, until: clock.now() + bindingLifeMs })
    return address
  }

  return {
    bound,
    forget,
    async requireBound(sessionId) {
      const address = await bound(sessionId)
      if (!address) throw new QsmError('device_required')
      return address
    },
    async record(address) {
      const known = records.get(keyOf(address))
      if (known) return known
      const [row] = await database.query<{ record: Buffer }>(
        'SELECT record FROM message.device WHERE user_id = $1 AND device_id = $2 AND removed_at IS NULL',
        [address.userId, address.deviceId],
      )
      if (!row) return null
      const record = decodeDeviceRecord(new Uint8Array(row.record))
      put(records, keyOf(address), record)
      return record
    },
    remember(sessionId, address) {
      put(bindings, sessionId, { address, until: clock.now() + bindingLifeMs })
    },
  }
}
