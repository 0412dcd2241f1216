import type { Database } from '@qsm/server-kit'
import { QsmError } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import { createBatcher } from '../send/batcher.js'

export interface Entry {
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly envelope: Buffer
  readonly body: Buffer | null
}

export interface MailboxState {
  readonly acked: number
  /** The number that the next entry gets. */
  readonly next: number
  readonly epoch: number
}

export interface PageRequest extends DeviceAddress {
  readonly after: number
  readonly limit: number
}

export interface Mailboxes {
  state(address: DeviceAddress): Promise<MailboxState>
  /** Entries behind a number, ascending; pages asked for in one turn share a statement. */
  page(request: PageRequest): Promise<readonly Entry[]>
  /** Acknowledges up to a number: entries up to it are deleted. Going back changes nothing. */
  acknowledge(request: DeviceAddress & { readonly upTo: number }): Promise<void>
}

interface EntryRow {
  readonly ix: string
  readonly sequence: string
  readonly received_at: string
  readonly envelope: Buffer
  readonly body: Buffer | null
}

const deleteBatch = 5_000

export const createMailboxes = (database: Database): Mailboxes => {
  const state = async ({ userId, deviceId }: DeviceAddress): Promise<MailboxState> => {
    const [row] = await database.query<{ acked_sequence: string; next_sequence: string; epoch: number }>(
      'SELECT acked_sequence, next_sequence, epoch FROM message.mailbox WHERE user_id = $1 AND device_id = $2',
      [userId, deviceId],
    )
    if (!row) throw new QsmError('device_required')
    return { acked: Number(row.acked_sequence), next: Number(row.next_sequence), epoch: row.epoch }
  }

  const page = createBatcher<PageRequest, readonly Entry[]>({
    maxItems: 256,
    maxInFlight: 2,
    async run(requests) {
      const rows = await database.query<EntryRow>(
        {
          name: 'mailbox-pages',
          text: `SELECT r.ix, e.* FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[])
              WITH ORDINALITY AS r(user_id, device_id, after, size, ix)
            CROSS JOIN LATERAL (
              SELECT m.sequence, m.received_at, m.envelope, b.body FROM message.entry m
              LEFT JOIN message.body b ON m.has_body AND b.sender_user = m.sender_user
                AND b.sender_device = m.sender_device AND b.message_id = m.message_id
              WHERE m.user_id = r.user_id AND m.device_id = r.device_id AND m.sequence > r.after
              ORDER BY m.sequence LIMIT r.size
            ) e ORDER BY r.ix, e.sequence`,
        },
        [
          requests.map(request => request.userId),
          requests.map(request => request.deviceId),
          requests.map(request => request.after),
          requests.map(request => request.limit),
        ],
      )
      const pages: Entry[][] = requests.map(() => [])
      for (const row of rows) {
        pages[Number(row.ix) - 1]?.push({
          sequence: Number(row.sequence),
          receivedAt: Number(row.received_at),
          envelope: row.envelope,
          body: row.body,
        })
      }
      return pages
    },
  })

  const removeUpTo = async ({ userId, deviceId }: DeviceAddress, upTo: number): Promise<void> => {
    for (let removed = deleteBatch; removed === deleteBatch; ) {
      const rows = await database.query(
        `DELETE FROM message.entry WHERE (user_id, device_id, sequence) IN (
           SELECT user_id, device_id, sequence FROM message.entry
           WHERE user_id = $1 AND device_id = $2 AND sequence <= $3 ORDER BY sequence LIMIT $4
         ) RETURNING 1`,
        [userId, deviceId, upTo, deleteBatch],
      )
      removed = rows.length
    }
  }

  const acknowledge = async (request: DeviceAddress & { readonly upTo: number }): Promise<void> => {
    const { userId, deviceId, upTo } = request
    const moved = await database.query(
      `UPDATE message.mailbox SET acked_sequence = $3
       WHERE user_id = $1 AND device_id = $2 AND acked_sequence < $3 AND next_sequence > $3 RETURNING 1`,
      [userId, deviceId, upTo],
    )
    if (moved.length > 0) return removeUpTo(request, upTo)
    const { next } = await state(request)
    if (upTo >= next) {
      throw new QsmError('validation_failed', `up_to: at most ${next - 1}, the newest sequence of this mailbox`, { details: { field: 'up_to' } })
    }
  }

  return { state, page, acknowledge }
}
