import type { AccountEvent } from '@qsm/contract'
import type { Query } from '@qsm/server-kit'

const revoking = new Set(['session_ended', 'disabled', 'deleted'])

const apply = async (query: Query, event: AccountEvent): Promise<void> => {
  if (event.type === 'created') {
    await query(
      `INSERT INTO message.account (user_id, username, username_key, state) VALUES ($1, $2::text, lower($2::text), 'active')
       ON CONFLICT (user_id) DO NOTHING`,
      [event.user_id, event.username],
    )
  }
  if (event.type === 'disabled' || event.type === 'enabled') {
    const state = event.type === 'enabled' ? 'active' : 'disabled'
    await query('UPDATE message.account SET state = $2 WHERE user_id = $1', [event.user_id, state])
  }
  if (event.type === 'deleted') {
    await query('DELETE FROM message.body WHERE sender_user = $1', [event.user_id])
    await query('DELETE FROM message.account WHERE user_id = $1', [event.user_id])
  }
  if (event.type === 'session_ended') await query('DELETE FROM message.device_binding WHERE session_id = $1', [event.session_id])
  if (revoking.has(event.type)) {
    await query(
      'INSERT INTO message.revocation (event_id, user_id, session_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [event.id, event.user_id, event.type === 'session_ended' ? event.session_id : null, event.at],
    )
  }
}

/** Applies events to the projection, each once over all pods: the position is moved in the same transaction. */
export const applyEvents = async (query: Query, events: readonly AccountEvent[]): Promise<void> => {
  const [row] = await query<{ position: string }>('SELECT position FROM message.feed_position FOR UPDATE')
  const position = Number(row?.position ?? 0)
  const fresh = events.filter(event => event.id > position)
  for (const event of fresh) await apply(query, event)
  const last = fresh.at(-1)
  if (last) await query('UPDATE message.feed_position SET position = $1', [last.id])
}
