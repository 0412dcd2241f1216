import { decodeBase64 } from '@qsm/contract'
import {
  decodePeer,
  decodePrekeySecrets,
  decodeRequest,
  decodeRequestSecrets,
  decodeResponse,
  encodePeer,
  equalBytes,
  identityKeyOf,
} from '@qsm/protocol'
import { createMetrics, idFromBytes } from '@qsm/server-kit'
import { deviceCounters } from '../../src/devices/counters.js'
import { lockDevice } from '../../src/devices/device/device-row.js'
import { type DeviceScope, withScope } from '../../src/devices/device/device-scope.js'
import type { TestDevices } from './open-devices.js'

interface Row {
  readonly [column: string]: unknown
}

const number = (value: unknown): number => Number(value)
const text = (value: unknown): string => String(value)

const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes))

/** How the sealed column of each table opens, and what has to stand in it. */
const readers: Readonly<Record<string, (scope: DeviceScope, row: Row, sealed: Uint8Array) => boolean>> = {
  prekey: ({ dataKey }, row, sealed) =>
    decodePrekeySecrets(dataKey.open(['prekey', number(row.prekey_id)], sealed)).id === number(row.prekey_id),
  request: ({ dataKey }, row, sealed) => {
    const secrets = decodeRequestSecrets(dataKey.open(['request', text(row.request_id)], sealed))
    return idFromBytes(decodeRequest(secrets.bytes).requestId) === row.request_id
  },
  answer: ({ dataKey }, row, sealed) => {
    const place = ['answer', text(row.request_id), text(row.peer_user), number(row.peer_device)]
    return (
      idFromBytes(decodeResponse(decodeBase64(parse(dataKey.open(place, sealed)).response)).requestId) ===
      row.request_id
    )
  },
  peer: ({ dataKey }, row, sealed) => {
    const bytes = dataKey.open(['peer', text(row.peer_user), number(row.peer_device), number(row.generation)], sealed)
    const state = decodePeer(bytes)
    return equalBytes(encodePeer(state), bytes) && state.generation === number(row.generation)
  },
  outbox: ({ dataKey }, row, sealed) =>
    parse(dataKey.open(['outbox', text(row.client_message_id)], sealed)).sends.length > 0,
  opened: ({ dataKey }, row, sealed) => {
    const place = [
      row.epoch,
      row.sequence,
      row.message_id,
      row.sender_user,
      row.sender_device,
      row.peer_user,
      row.received_at,
    ]
    return dataKey.open(['opened', ...place.map(text)], sealed).length > 0
  },
}
const sealedColumns: Readonly<Record<string, string>> = {
  prekey: 'secrets',
  request: 'secrets',
  answer: 'sealed',
  peer: 'state',
  outbox: 'sealed',
  opened: 'sealed',
}

/**
 * Opens every row of the devices of all users, or of some, in its place, with the keys of its user. Throws for one that does
 * not open. Returns how many there are.
 */
export const openEveryRow = async (
  { database, kek, algorithms }: TestDevices,
  userIds: readonly string[] | null = null,
): Promise<number> => {
  const users = await database.query<{ user_id: string }>(
    'SELECT user_id FROM crypto.device WHERE $1::uuid[] IS NULL OR user_id = ANY ($1)',
    [userIds],
  )
  const parts = { kek, algorithms, counters: deviceCounters(createMetrics()) }
  let rows = users.length
  for (const { user_id } of users) {
    await database.transaction(async query => {
      const device = await lockDevice(query, user_id)
      if (!device) throw new Error('a device went away')
      await withScope(parts, query, device, async scope => {
        if (!equalBytes(identityKeyOf(scope.local), scope.record.identityKey)) throw new Error('keys of another record')
        for (const [table, read] of Object.entries(readers)) {
          for (const row of await query<Row>(`SELECT * FROM crypto.${table} WHERE user_id = $1`, [user_id])) {
            rows += 1
            if (!read(scope, row, row[sealedColumns[table] ?? ''] as Buffer))
              throw new Error(`a damaged row of ${table}`)
          }
        }
      })
    })
  }
  return rows
}
