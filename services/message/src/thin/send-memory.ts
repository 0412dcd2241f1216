import { createHash } from 'node:crypto'
import { type BodyOf, limits, type sendMessage } from '@qsm/contract'
import { type Database, QsmError } from '@qsm/server-kit'
import type { SealedAndStored } from './seal-and-store.js'

/** The readable form of a send. */
export type ThinSendBody = Exclude<BodyOf<typeof sendMessage>, { readonly envelopes: unknown }>

const hashOf = ({ recipient, content, message_type }: ThinSendBody): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([recipient?.toLowerCase() ?? null, message_type, content]))
    .digest()

/** What thin clients have sent under ids of their own, for 25 hours. */
export const createSendMemory = ({ query }: Pick<Database, 'query'>, now: () => number) => ({
  /** The first answer to this id, or null. Throws `idempotency_conflict` where it was used for another body. */
  async recall(userId: string, clientMessageId: string, body: ThinSendBody): Promise<SealedAndStored | null> {
    const [row] = await query<{ body_sha256: Buffer; message_id: string; received_at: string }>(
      {
        name: 'thin-recall',
        text: `SELECT body_sha256, message_id, received_at FROM message.thin_send
          WHERE user_id = $1 AND client_message_id = $2 AND received_at > $3`,
      },
      [userId, clientMessageId, now() - limits.replayMemoryMs],
    )
    if (!row) return null
    if (!row.body_sha256.equals(hashOf(body))) throw new QsmError('idempotency_conflict')
    return { messageId: row.message_id, receivedAt: Number(row.received_at) }
  },

  async remember(
    userId: string,
    clientMessageId: string,
    body: ThinSendBody,
    { messageId, receivedAt }: SealedAndStored,
  ): Promise<void> {
    await query(
      {
        name: 'thin-remember',
        text: `INSERT INTO message.thin_send (user_id, client_message_id, body_sha256, message_id, received_at)
          VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, client_message_id) DO UPDATE
          SET body_sha256 = excluded.body_sha256, message_id = excluded.message_id, received_at = excluded.received_at
          WHERE thin_send.received_at <= $6`,
      },
      [userId, clientMessageId, hashOf(body), messageId, receivedAt, now() - limits.replayMemoryMs],
    )
  },
})
