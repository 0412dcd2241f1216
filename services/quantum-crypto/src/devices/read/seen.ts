import type { DeviceScope } from '../device/device-scope.js'
import type { Address } from '../parts.js'

/** A message by who sent it: its sender draws the id. */
export interface MessageKey {
  readonly sender: Address
  readonly messageId: string
}

const valuesOf = (scope: DeviceScope, { sender, messageId }: MessageKey) => [
  scope.userId,
  sender.userId,
  sender.deviceId,
  messageId,
]

const ofMessage = 'user_id = $1 AND sender_user = $2 AND sender_device = $3 AND message_id = $4'

/** Whether a message was shown, or a control obeyed, before. */
export const wasSeen = async (scope: DeviceScope, key: MessageKey): Promise<boolean> => {
  const rows = await scope.query(
    { name: 'was-seen', text: `SELECT 1 FROM crypto.seen WHERE ${ofMessage}` },
    valuesOf(scope, key),
  )
  return rows.length > 0
}

/** True where this is the first time. */
export const markSeen = async (scope: DeviceScope, key: MessageKey): Promise<boolean> => {
  const rows = await scope.query(
    {
      name: 'mark-seen',
      text: `INSERT INTO crypto.seen (user_id, sender_user, sender_device, message_id, seen_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1`,
    },
    [...valuesOf(scope, key), scope.now],
  )
  return rows.length === 1
}

/** A sender calls its message critical: the one that is there already, or the one to come. */
export const announceCritical = async (scope: DeviceScope, key: MessageKey): Promise<void> => {
  const there = await scope.query(
    `UPDATE crypto.opened SET critical = true WHERE ${ofMessage} RETURNING 1`,
    valuesOf(scope, key),
  )
  if (there.length > 0) return
  await scope.query(
    `INSERT INTO crypto.announced (user_id, sender_user, sender_device, message_id, announced_at)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [...valuesOf(scope, key), scope.now],
  )
}

/** Whether a message was called critical before it came; forgets that. */
export const takeAnnounced = async (scope: DeviceScope, key: MessageKey): Promise<boolean> => {
  const rows = await scope.query(
    { name: 'take-announced', text: `DELETE FROM crypto.announced WHERE ${ofMessage} RETURNING 1` },
    valuesOf(scope, key),
  )
  return rows.length > 0
}
