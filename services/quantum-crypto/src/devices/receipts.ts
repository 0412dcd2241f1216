import type { forgetMessage as forgetContract, InputOf, OutputOf, takeReceipts as takeContract } from '@qsm/contract'
import type { DeviceScope } from './device/device-scope.js'

/** As many as one receipt names. */
const maxIds = 100

/** Which critical messages of others up to a number have no receipt yet, by sender. Those in `stored` have one. */
export const takeReceipts = async (
  scope: DeviceScope,
  { up_to, epoch, stored }: InputOf<typeof takeContract>,
): Promise<OutputOf<typeof takeContract>> => {
  if (stored.length > 0) {
    await scope.query(
      'UPDATE crypto.opened SET receipted = true WHERE user_id = $1 AND sender_user <> $1 AND message_id = ANY ($2::uuid[])',
      [scope.userId, stored],
    )
  }
  const rows = await scope.query<{ sender_user: string; message_id: string }>(
    `SELECT sender_user, message_id FROM crypto.opened
     WHERE user_id = $1 AND epoch = $2 AND sequence <= $3 AND critical AND NOT receipted AND sender_user <> $1
     ORDER BY sequence`,
    [scope.userId, epoch, up_to],
  )
  const bySender = new Map<string, string[]>()
  for (const row of rows) {
    bySender.set(row.sender_user, [...(bySender.get(row.sender_user) ?? []), row.message_id])
  }
  const receipts = [...bySender].flatMap(([to_user_id, ids]) =>
    Array.from({ length: Math.ceil(ids.length / maxIds) }, (_, part) => ({
      to_user_id,
      message_ids: ids.slice(part * maxIds, (part + 1) * maxIds),
    })),
  )
  return { receipts }
}

/** Deletes what was opened of a message. */
export const forgetMessage = async (
  scope: DeviceScope,
  { message_id }: InputOf<typeof forgetContract>,
): Promise<OutputOf<typeof forgetContract>> => {
  const rows = await scope.query('DELETE FROM crypto.opened WHERE user_id = $1 AND message_id = $2 RETURNING 1', [
    scope.userId,
    message_id,
  ])
  return { forgotten: rows.length > 0 }
}
