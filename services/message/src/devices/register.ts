import { limits } from '@qsm/contract'
import { acceptDeviceRecord, type DeviceRecord, decodeDeviceRecord, equalBytes, ProtocolError } from '@qsm/protocol'
import { type Caller, idToBytes, QsmError, type Query } from '@qsm/server-kit'
import { randomInt } from 'node:crypto'
import type { Accounts } from '../accounts/accounts.js'
import type { MessageContext } from '../context.js'
import type { Devices } from './devices.js'

/** A refusal of the protocol as an answer: what is malformed is told, why a signature fails is not. */
export const recordRefused = (error: unknown, field: string): QsmError => {
  if (!(error instanceof ProtocolError)) throw error
  const text = error.message.includes('signature') ? 'The record or its signature was refused.' : `${field}: ${error.message}.`
  return new QsmError('record_refused', text, { details: { field }, cause: error })
}

const judge = async (context: MessageContext, caller: Caller, bytes: Uint8Array): Promise<DeviceRecord> => {
  try {
    const record = decodeDeviceRecord(bytes)
    const { createdAt } = record
    if (Math.abs(createdAt - context.clock.now()) > limits.recordSkewMs) {
      throw new ProtocolError('refused', `createdAt must be within ${limits.recordSkewMs / 60_000} minutes of the server's time`)
    }
    await acceptDeviceRecord(context.verifier, record, { user: idToBytes(caller.userId) })
    return record
  } catch (error) {
    throw recordRefused(error, 'device_record')
  }
}

const sameDevice = (stored: DeviceRecord, record: DeviceRecord): boolean =>
  equalBytes(stored.identityKey, record.identityKey) &&
  stored.managed === record.managed &&
  stored.suite === record.suite &&
  stored.suites.join() === record.suites.join()

const store = async (query: Query, caller: Caller, record: DeviceRecord, now: Date): Promise<'new' | 'known'> => {
  const key = [caller.userId, record.device]
  const [row] = await query<{ record: Buffer; removed_at: Date | null }>(
    'SELECT record, removed_at FROM message.device WHERE user_id = $1 AND device_id = $2 FOR UPDATE',
    key,
  )
  if (!row) {
    await query('INSERT INTO message.device (user_id, device_id, record, created_at) VALUES ($1, $2, $3, $4)', [...key, record.bytes, now])
    await query('INSERT INTO message.mailbox (user_id, device_id, epoch) VALUES ($1, $2, $3)', [...key, randomInt(1, 0x7fff_ffff)])
    return 'new'
  }
  const stored = decodeDeviceRecord(new Uint8Array(row.record))
  if (row.removed_at || !equalBytes(stored.identityKey, record.identityKey)) {
    const text = row.removed_at ? 'A device with this id was removed: draw a new id.' : undefined
    throw new QsmError('device_id_taken', text, { details: { field: 'device_record' } })
  }
  if (!sameDevice(stored, record)) throw new QsmError('record_refused', 'device_record: suites and flags of a device never change.')
  if (record.createdAt <= stored.createdAt) {
    throw new QsmError('record_refused', 'device_record: createdAt must be newer than that of the stored record; sign a fresh one.')
  }
  await query('UPDATE message.device SET record = $3 WHERE user_id = $1 AND device_id = $2', [...key, record.bytes])
  return 'known'
}

/** Registers a device or takes a fresh proof of its key, and binds the caller's login session to it. */
export const registerDevice = async (
  context: MessageContext,
  accounts: Accounts,
  devices: Devices,
  caller: Caller,
  bytes: Uint8Array,
): Promise<{ readonly deviceId: number; readonly isNew: boolean }> => {
  const record = await judge(context, caller, bytes)
  if (!(await accounts.byId(caller.userId))) throw new QsmError('unauthorized')
  const now = new Date(context.clock.now())
  const outcome = await context.database.transaction(async query => {
    const result = await store(query, caller, record, now)
    await query(
      `INSERT INTO message.device_binding (session_id, user_id, device_id, bound_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (session_id) DO UPDATE SET device_id = excluded.device_id, bound_at = excluded.bound_at`,
      [caller.sessionId, caller.userId, record.device, now],
    )
    return result
  })
  const address = { userId: caller.userId, deviceId: record.device }
  devices.forget(address)
  devices.remember(caller.sessionId, address)
  context.bus.publish({ kind: 'device-bound', session_id: caller.sessionId })
  return { deviceId: record.device, isNew: outcome === 'new' }
}

/** Removes a device of a user: its prekeys, its mailbox and its bindings go with it. False where there is none. */
export const removeDevice = async (context: MessageContext, userId: string, deviceId: number): Promise<boolean> => {
  const removed = await context.database.transaction(async query => {
    const rows = await query(
      'UPDATE message.device SET removed_at = $3 WHERE user_id = $1 AND device_id = $2 AND removed_at IS NULL RETURNING device_id',
      [userId, deviceId, new Date(context.clock.now())],
    )
    if (rows.length === 0) return false
    for (const table of ['device_binding', 'prekey', 'entry', 'mailbox']) {
      await query(`DELETE FROM message.${table} WHERE user_id = $1 AND device_id = $2`, [userId, deviceId])
    }
    return true
  })
  if (removed) context.bus.publish({ kind: 'device-removed', user_id: userId, device_id: deviceId })
  return removed
}
