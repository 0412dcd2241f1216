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

/** Mailboxes are locked in one order, so that flushes of sends and of acknowledgements never wait for each other in a ring. */
const ackStatement = `
WITH ack AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS a(user_id, device_id, up_to, ix)
), locked AS (
  SELECT m.user_id, m.device_id, m.next_sequence FROM message.mailbox m
  WHERE (m.user_id, m.device_id) IN (SELECT user_id, device_id FROM ack)
  ORDER BY m.user_id, m.device_id FOR UPDATE
), valid AS (
  SELECT a.* FROM ack a JOIN locked l USING (user_id, device_id) WHERE a.up_to < l.next_sequence
), highest AS (
  SELECT user_id, device_id, max(up_to) AS up_to FROM valid GROUP BY 1, 2
), moved AS (
  UPDATE message.mailbox m SET acked_sequence = h.up_to FROM highest h
  WHERE m.user_id = h.user_id AND m.device_id = h.device_id AND m.acked_sequence < h.up_to
), gone AS (
  DELETE FROM message.entry e USING highest h
  WHERE e.user_id = h.user_id AND e.device_id = h.device_id AND e.sequence <= h.up_to
    AND e.sequence <= (SELECT coalesce(min(o.sequence), 0) FROM message.entry o
      WHERE o.user_id = h.user_id AND o.device_id = h.device_id) + $4 - 1
  RETURNING e.user_id, e.device_id
)
SELECT v.ix, (SELECT count(*)::int FROM gone g WHERE g.user_id = v.user_id AND g.device_id = v.device_id) AS removed FROM valid v`
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

  interface AckRequest extends DeviceAddress {
    readonly upTo: number
  }
  interface AckedRow {
    readonly ix: string
    readonly removed: number
  }

  /** Moves the marks of several mailboxes and deletes what lies below, each mailbox at most `deleteBatch` entries. */
  const moveAcks = createBatcher<AckRequest, number | null>({
    maxItems: 256,
    maxInFlight: 2,
    async run(requests) {
      const rows = await database.query<AckedRow>({ name: 'mailbox-ack', text: ackStatement }, [
        requests.map(request => request.userId),
        requests.map(request => request.deviceId),
        requests.map(request => request.upTo),
        deleteBatch,
      ])
      const removed = new Map(rows.map(row => [Number(row.ix), row.removed]))
      return requests.map((_, index) => removed.get(index + 1) ?? null)
    },
  })

  const acknowledge = async (request: AckRequest): Promise<void> => {
    for (let removed: number | null = deleteBatch; removed === deleteBatch; ) {
      removed = await moveAcks(request)
      if (removed !== null) continue
      const { next } = await state(request)
      throw new QsmError('validation_failed', `up_to: at most ${next - 1}, the newest sequence of this mailbox`, {
        details: { field: 'up_to' },
      })
    }
  }

  return { state, page, acknowledge }
}
