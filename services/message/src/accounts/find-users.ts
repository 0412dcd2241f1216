import { usernameKey } from '@qsm/contract'
import type { Query } from '@qsm/server-kit'

export interface FoundUser {
  readonly userId: string
  readonly username: string
  /** What the names are ordered by. */
  readonly usernameKey: string
  /** Whether it has an active device. */
  readonly hasDevice: boolean
  /** Whether the connection with whoever asks is open. */
  readonly isContact: boolean
}

export interface UserSearch {
  /** Who asks; is not found. */
  readonly userId: string
  /** The beginning of a name, in any case. */
  readonly prefix: string
  /** Only names behind this one. */
  readonly after: string
  readonly limit: number
  readonly now: number
}

interface Row {
  readonly user_id: string
  readonly username: string
  readonly username_key: string
  readonly has_device: boolean
  readonly is_contact: boolean
}

/** `_` and `%` in a name are characters, not patterns. */
const patternOf = (prefix: string): string => `${usernameKey(prefix).replaceAll(/[\\%_]/g, '\\$&')}%`

/** Active users by the beginning of their name, in the order of their names. */
export const findUsers = async (query: Query, search: UserSearch): Promise<readonly FoundUser[]> => {
  const rows = await query<Row>(
    `SELECT a.user_id, a.username, a.username_key,
       EXISTS (SELECT 1 FROM message.device d WHERE d.user_id = a.user_id AND d.removed_at IS NULL
         AND (d.expires_at = 0 OR d.expires_at > $5)) AS has_device,
       EXISTS (SELECT 1 FROM message.connection c
         WHERE c.user_low = least(a.user_id, $1::uuid) AND c.user_high = greatest(a.user_id, $1::uuid)
           AND c.state = 'open' AND NOT c.blocked_by_low AND NOT c.blocked_by_high) AS is_contact
     FROM message.account a
     WHERE a.user_id <> $1 AND a.state = 'active' AND a.username_key LIKE $2 AND a.username_key > $3
     ORDER BY a.username_key LIMIT $4`,
    [search.userId, patternOf(search.prefix), usernameKey(search.after), search.limit, search.now],
  )
  return rows.map(row => ({
    userId: row.user_id,
    username: row.username,
    usernameKey: row.username_key,
    hasDevice: row.has_device,
    isContact: row.is_contact,
  }))
}
