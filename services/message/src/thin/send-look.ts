import { encodeBase64, type ListedDevice, usernameKey } from '@qsm/contract'
import { type Clock, createLookup, type Database, uuids } from '@qsm/server-kit'
import type { KnownUser } from '../accounts/accounts.js'
import { type Connection, type ConnectionRow, seenBy } from '../connections/pair.js'

/** What a send to a named user asks first. */
export interface SendLook {
  readonly peer: KnownUser
  /** Null where there never was anything between the two. */
  readonly connection: Connection | null
  /** The active devices of both, as `ListedDevicesOf` gives them. */
  readonly devices: readonly ListedDevice[]
}

type Row = ConnectionRow & {
  readonly place: number
  readonly peer_id: string
  readonly username: string
  readonly device_user: string | null
  readonly device_id: string
  readonly record: Buffer
}

/**
 * One row for each device, or one without. Each look-up goes to its index by a lateral join, as in `factsStatement`. An array within
 * a sub-select has no length that the planner could see, so that it keeps one plan instead of making one for each run.
 */
const text = `
SELECT k.place::int AS place, a.user_id AS peer_id, a.username, c.*, d.user_id AS device_user, d.device_id, d.record
FROM unnest((SELECT $1::uuid[]), (SELECT $2::text[])) WITH ORDINALITY AS k(caller, name, place)
CROSS JOIN LATERAL (
  SELECT user_id, username FROM message.account WHERE username_key = k.name AND state = 'active' LIMIT 1
) a
LEFT JOIN LATERAL (
  SELECT user_low, user_high, state, initiator, request_id, blocked_by_low, blocked_by_high FROM message.connection
  WHERE user_low = least(k.caller, a.user_id) AND user_high = greatest(k.caller, a.user_id) LIMIT 1
) c ON true
LEFT JOIN LATERAL (
  SELECT user_id, device_id, record FROM message.device
  WHERE user_id IN (k.caller, a.user_id) AND removed_at IS NULL AND (expires_at = 0 OR expires_at > $3) OFFSET 0
) d ON true
ORDER BY k.place, d.user_id, d.device_id`

const uuidLength = 36

const lookOf = (userId: string, rows: readonly [Row, ...Row[]]): SendLook => {
  const [row] = rows
  return {
    peer: { userId: row.peer_id, username: row.username },
    connection: row.state ? seenBy(row, userId) : null,
    devices: rows.flatMap(({ device_user: user_id, device_id, record }) =>
      user_id === null ? [] : [{ user_id, device_id: Number(device_id), record: encodeBase64(record) }],
    ),
  }
}

/**
 * Looks up an active user by name, the connection with the caller and the devices of both; null where this database knows no
 * such user. Looks of one turn of the event loop share a statement.
 */
export const createSendLook = (
  { query }: Pick<Database, 'query'>,
  clock: Clock,
): ((userId: string, username: string) => Promise<SendLook | null>) => {
  const look = createLookup<SendLook>(async keys => {
    const rows = await query<Row>({ name: 'thin-send-look', text }, [
      uuids(keys.map(key => key.slice(0, uuidLength))),
      keys.map(key => key.slice(uuidLength)),
      clock.now(),
    ])
    const byPlace = new Map<number, [Row, ...Row[]]>()
    for (const row of rows) {
      const before = byPlace.get(row.place)
      if (before) before.push(row)
      else byPlace.set(row.place, [row])
    }
    return new Map(
      [...byPlace].map(([place, found]) => {
        const key = keys[place - 1] as string
        return [key, lookOf(key.slice(0, uuidLength), found)]
      }),
    )
  })
  return (userId, username) => look(userId + usernameKey(username))
}
