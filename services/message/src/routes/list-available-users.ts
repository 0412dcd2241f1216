import { listAvailableUsers as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../app.js'

interface Row {
  readonly user_id: string
  readonly username: string
  readonly username_key: string
  readonly has_keys: boolean
  readonly is_contact: boolean
}

const defaultLimit = 50

/** `_` and `%` of a name are letters, not patterns. */
const prefixPattern = (text: string): string => `${text.toLowerCase().replaceAll(/[\\%_]/g, match => `\\${match}`)}%`

export const listAvailableUsers = ({ context, accounts, sockets }: MessageParts) =>
  route(contract)(async ({ caller, query }) => {
    await accounts.sync()
    const limit = query.limit ?? defaultLimit
    const rows = await context.database.query<Row>(
      `SELECT a.user_id, a.username, a.username_key,
         EXISTS (SELECT 1 FROM message.device d WHERE d.user_id = a.user_id AND d.removed_at IS NULL) AS has_keys,
         EXISTS (SELECT 1 FROM message.connection c WHERE c.state = 'open' AND c.user_low = least(a.user_id, $1::uuid)
           AND c.user_high = greatest(a.user_id, $1::uuid) AND NOT c.blocked_by_low AND NOT c.blocked_by_high) AS is_contact
       FROM message.account a
       WHERE a.user_id <> $1 AND a.state = 'active' AND a.username_key LIKE $2 AND a.username_key > $3
       ORDER BY a.username_key LIMIT $4`,
      [caller.userId, prefixPattern(query.query ?? ''), (query.cursor ?? '').toLowerCase(), limit + 1],
    )
    const page = rows.slice(0, limit)
    return {
      status: 200,
      body: {
        users: page.map(row => ({
          username: row.username,
          user_id: row.user_id,
          status: row.is_contact && sockets.isOnline(row.user_id) ? 'online' : 'offline',
          has_quantum_keys: row.has_keys,
        })),
        next: rows.length > limit ? (page.at(-1)?.username_key ?? null) : null,
      },
    }
  })
