import { bigints, createBatcher, type Database, QsmError, uuids } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import type { MailboxState } from '../mailbox/mailbox.js'

/** Which socket a device has, as the database says: the last that was opened, on whichever pod. */
export interface SocketHolders {
  /** From now on the device has this socket, under an id of its own. Throws `device_required` where it has no mailbox. */
  hold(address: DeviceAddress, socketId: string): Promise<MailboxState>
  /** The device has this socket no longer; nothing changes where it has another one. */
  release(address: DeviceAddress, socketId: string): Promise<void>
  /** The socket that the device has; null where it had none yet, or has no mailbox. */
  holderOf(address: DeviceAddress): Promise<string | null>
  /** Those of at most 500 sockets that the database knows more of than their pod; usually none. */
  outdated(sockets: readonly KnownSocket[]): Promise<readonly Outdated[]>
}

/** A socket of a device, and the last entry that was handed over it. */
export interface KnownSocket {
  readonly address: DeviceAddress
  readonly holderId: string
  readonly delivery: { readonly cursor: number }
}

export interface Outdated {
  /** Its place among those asked for. */
  readonly index: number
  /** Another socket has the device; else there are entries behind the cursor. */
  readonly isReplaced: boolean
}

interface Hold extends DeviceAddress {
  readonly socketId: string
}

interface DeviceRow {
  readonly user_id: string
  readonly device_id: string
}
interface MailboxRow extends DeviceRow {
  readonly acked_sequence: string
  readonly next_sequence: string
  readonly epoch: number
}

const addressOf = (row: DeviceRow): DeviceAddress => ({ userId: row.user_id, deviceId: Number(row.device_id) })
const stateOf = (row: MailboxRow): MailboxState => ({
  acked: Number(row.acked_sequence),
  next: Number(row.next_sequence),
  epoch: row.epoch,
})

const batches = { maxItems: 500, maxInFlight: 1 }
const keyOf = ({ userId, deviceId }: DeviceAddress): string => `${userId}/${deviceId}`

/**
 * Locks mailboxes in the order of all other statements that lock several. The arrays are hidden behind a SELECT: for those that
 * the planner sees to be short it plans each time, which takes longer than the rest.
 */
const holdStatement = `
WITH new AS (
  SELECT * FROM unnest((SELECT $1::uuid[]), (SELECT $2::bigint[]), (SELECT $3::uuid[])) AS n(user_id, device_id, socket_id)
), locked AS (
  SELECT m.user_id, m.device_id FROM message.mailbox m
  WHERE (m.user_id, m.device_id) IN (SELECT user_id, device_id FROM new)
  ORDER BY m.user_id, m.device_id FOR UPDATE
)
UPDATE message.mailbox m SET socket_id = n.socket_id FROM new n JOIN locked l USING (user_id, device_id)
WHERE m.user_id = n.user_id AND m.device_id = n.device_id
RETURNING m.user_id, m.device_id, m.acked_sequence, m.next_sequence, m.epoch`

const releaseStatement = `
WITH old AS (
  SELECT * FROM unnest((SELECT $1::uuid[]), (SELECT $2::bigint[]), (SELECT $3::uuid[])) AS o(user_id, device_id, socket_id)
), locked AS (
  SELECT m.user_id, m.device_id, o.socket_id FROM message.mailbox m JOIN old o USING (user_id, device_id, socket_id)
  ORDER BY m.user_id, m.device_id FOR UPDATE OF m
)
UPDATE message.mailbox m SET socket_id = NULL FROM locked l
WHERE m.user_id = l.user_id AND m.device_id = l.device_id AND m.socket_id = l.socket_id`

/** Answers only what differs: asked every few seconds for every open socket. */
const outdatedStatement = `
SELECT k.place, m.socket_id IS NOT NULL AND m.socket_id <> k.socket_id AS is_replaced
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[]) WITH ORDINALITY AS k(user_id, device_id, socket_id, cursor, place)
JOIN message.mailbox m ON m.user_id = k.user_id AND m.device_id = k.device_id
WHERE m.socket_id <> k.socket_id OR m.next_sequence - 1 > k.cursor`

interface OutdatedRow {
  readonly place: string
  readonly is_replaced: boolean
}

export const createSocketHolders = (database: Database): SocketHolders => {
  const hold = createBatcher<Hold, MailboxState | null>({
    ...batches,
    async run(holds) {
      // Of two of one device in one turn the later holds.
      const last = [...new Map(holds.map(entry => [keyOf(entry), entry])).values()]
      const rows = await database.query<MailboxRow>({ name: 'socket-hold', text: holdStatement }, [
        uuids(last.map(entry => entry.userId)),
        bigints(last.map(entry => entry.deviceId)),
        uuids(last.map(entry => entry.socketId)),
      ])
      const found = new Map(rows.map(row => [keyOf(addressOf(row)), stateOf(row)]))
      return holds.map(entry => found.get(keyOf(entry)) ?? null)
    },
  })
  const release = createBatcher<Hold, null>({
    ...batches,
    async run(holds) {
      await database.query({ name: 'socket-release', text: releaseStatement }, [
        uuids(holds.map(entry => entry.userId)),
        bigints(holds.map(entry => entry.deviceId)),
        uuids(holds.map(entry => entry.socketId)),
      ])
      return holds.map(() => null)
    },
  })
  const holderOf = createBatcher<DeviceAddress, string | null>({
    ...batches,
    async run(addresses) {
      const rows = await database.query<DeviceRow & { readonly socket_id: string | null }>(
        {
          name: 'socket-holders',
          text: `SELECT m.user_id, m.device_id, m.socket_id FROM unnest((SELECT $1::uuid[]), (SELECT $2::bigint[])) AS a(user_id, device_id)
            JOIN message.mailbox m ON m.user_id = a.user_id AND m.device_id = a.device_id`,
        },
        [uuids(addresses.map(({ userId }) => userId)), bigints(addresses.map(({ deviceId }) => deviceId))],
      )
      const found = new Map(rows.map(row => [keyOf(addressOf(row)), row.socket_id]))
      return addresses.map(address => found.get(keyOf(address)) ?? null)
    },
  })
  return {
    async hold(address, socketId) {
      const state = await hold({ ...address, socketId })
      if (!state) throw new QsmError('device_required')
      return state
    },
    async release(address, socketId) {
      await release({ ...address, socketId })
    },
    holderOf,
    async outdated(sockets) {
      const rows = await database.query<OutdatedRow>({ name: 'sockets-outdated', text: outdatedStatement }, [
        uuids(sockets.map(({ address }) => address.userId)),
        bigints(sockets.map(({ address }) => address.deviceId)),
        uuids(sockets.map(({ holderId }) => holderId)),
        bigints(sockets.map(({ delivery }) => delivery.cursor)),
      ])
      return rows.map(row => ({ index: Number(row.place) - 1, isReplaced: row.is_replaced }))
    },
  }
}
