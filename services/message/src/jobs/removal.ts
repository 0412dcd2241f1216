import type { Job, Query } from '@qsm/server-kit'

/** Entries of up to 98 KB: a go takes half a second. */
const batch = 1_000

const ofDevice = 'user_id = $1 AND device_id = $2'

/** Deletes at most a batch of rows. False where fewer were there. */
const removeSome = async (query: Query, table: string, where: string, key: readonly unknown[]): Promise<boolean> => {
  const rows = await query(
    `DELETE FROM message.${table} WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM message.${table} WHERE ${where} LIMIT ${batch})) RETURNING 1`,
    key,
  )
  return rows.length === batch
}

/** By key: a ctid names a row in each partition. */
const removeEntries = async (query: Query, device: readonly unknown[]): Promise<boolean> => {
  const rows = await query(
    `DELETE FROM message.entry WHERE ${ofDevice} AND sequence IN (
       SELECT sequence FROM message.entry WHERE ${ofDevice} ORDER BY sequence LIMIT ${batch}) RETURNING 1`,
    device,
  )
  return rows.length === batch
}

/** True where there was a closed mailbox: it is emptied, then goes itself. */
const emptyMailbox = async (query: Query): Promise<boolean> => {
  const [closed] = await query<{ user_id: string; device_id: string }>(
    'SELECT user_id, device_id FROM message.mailbox WHERE closed ORDER BY user_id, device_id LIMIT 1',
  )
  if (!closed) return false
  const key = [closed.user_id, closed.device_id]
  if (await removeEntries(query, key)) return true
  if (await removeSome(query, 'prekey_used', ofDevice, key)) return true
  await query(`DELETE FROM message.mailbox WHERE ${ofDevice}`, key)
  return true
}

const ofUser: readonly (readonly [table: string, where: string])[] = [
  ['prekey', 'user_id = $1'],
  ['prekey_used', 'user_id = $1'],
  ['started_use', 'from_user = $1'],
  ['started_use', 'to_user = $1'],
  ['connection_request', 'from_user = $1'],
  ['connection_request', 'to_user = $1'],
  ['thin_send', 'user_id = $1'],
  ['device', 'user_id = $1'],
]

/** True where there was a deleted account without mailboxes: what hangs on it is deleted, then it goes itself. */
const removeAccount = async (query: Query): Promise<boolean> => {
  const [gone] = await query<{ user_id: string }>(
    'SELECT user_id FROM message.account WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 1',
  )
  if (!gone) return false
  for (const [table, where] of ofUser) {
    if (await removeSome(query, table, where, [gone.user_id])) return true
  }
  await query('DELETE FROM message.account WHERE user_id = $1', [gone.user_id])
  return true
}

/** Deletes what removed devices and deleted accounts have left, a batch at a time. */
export const removalJob: Job = {
  name: 'removal',
  everyMs: 10_000,
  ignoresTime: true,
  run: async query => (await emptyMailbox(query)) || (await removeAccount(query)),
}
