import { type AccountEvent, usernameKey } from '@qsm/contract'
import { foldEvents, type Query } from '@qsm/server-kit'
import { closeMailboxesOf } from '../mailbox/create-mailbox.js'

/**
 * Users who are gone are so for everybody at once: no name, no session, no device, no connection, closed mailboxes. The mass of
 * what they leave is deleted by the job `removal`, so that nobody behind them in the feed waits for it.
 */
const markDeleted = async (query: Query, userIds: readonly string[]): Promise<void> => {
  // No name has a space, so nobody can hold this one.
  await query(
    `UPDATE message.account SET state = 'disabled', deleted_at = now(), username_key = 'deleted ' || user_id
     WHERE user_id = ANY($1::uuid[]) AND deleted_at IS NULL`,
    [userIds],
  )
  await query(
    `UPDATE message.device SET removed_at = now() WHERE removed_at IS NULL AND (user_id, device_id) IN (
       SELECT user_id, device_id FROM message.device WHERE user_id = ANY($1::uuid[]) AND removed_at IS NULL
       ORDER BY user_id, device_id FOR UPDATE)`,
    [userIds],
  )
  await query(
    `DELETE FROM message.connection WHERE (user_low, user_high) IN (
       SELECT user_low, user_high FROM message.connection
       WHERE user_low = ANY($1::uuid[]) OR user_high = ANY($1::uuid[]) ORDER BY user_low, user_high FOR UPDATE)`,
    [userIds],
  )
  await closeMailboxesOf(query, userIds)
  await query('DELETE FROM message.device_binding WHERE user_id = ANY($1::uuid[])', [userIds])
}

const create = (query: Query, events: readonly AccountEvent[]) =>
  query(
    `INSERT INTO message.account (user_id, username, username_key, state, created_at)
     SELECT user_id, username, username_key, 'active', created_at
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS c(user_id, username, username_key, created_at)
     ON CONFLICT (user_id) DO NOTHING`,
    [
      events.map(event => event.user_id),
      events.map(event => event.username),
      events.map(event => usernameKey(event.username)),
      events.map(event => event.at),
    ],
  )

const setStates = (query: Query, states: ReadonlyMap<string, string>) =>
  query(
    `UPDATE message.account a SET state = s.state FROM unnest($1::uuid[], $2::text[]) AS s(user_id, state)
     WHERE a.user_id = s.user_id AND a.deleted_at IS NULL`,
    [[...states.keys()], [...states.values()]],
  )

/** What events change here, locked in the order that all transactions keep. */
export const projectEvents = async (query: Query, events: readonly AccountEvent[]): Promise<void> => {
  const { created, states, deleted, endedSessions } = foldEvents(events)
  if (deleted.length + states.size > 0) {
    await query('SELECT 1 FROM message.account WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE', [
      [...deleted, ...states.keys()],
    ])
  }
  if (deleted.length > 0) await markDeleted(query, deleted)
  if (created.length > 0) await create(query, created)
  if (states.size > 0) await setStates(query, states)
  if (endedSessions.length > 0) {
    await query(
      `DELETE FROM message.device_binding WHERE session_id IN (
         SELECT session_id FROM message.device_binding WHERE session_id = ANY($1::uuid[]) ORDER BY session_id FOR UPDATE)`,
      [endedSessions],
    )
  }
}
