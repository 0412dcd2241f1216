import { limits } from '@qsm/contract'
import { createBatcher, type Database, QsmError } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'

export interface Entry {
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly envelope: Uint8Array
  readonly body: Uint8Array | null
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
  /** The most bytes of envelopes and bodies; the first entry comes whatever its size. 1 MiB where left out. */
  readonly maxBytes?: number
}

export interface Page {
  readonly entries: readonly Entry[]
  /** Whether there was more behind the last one. */
  readonly more: boolean
}

export interface Mailboxes {
  state(address: DeviceAddress): Promise<MailboxState>
  /** Entries behind a number, ascending; pages asked for in one turn share a statement. */
  page(request: PageRequest): Promise<Page>
  /** Acknowledges up to a number: entries up to it are deleted. Going back changes nothing. */
  acknowledge(request: DeviceAddress & { readonly upTo: number }): Promise<void>
  /** Resolves when every acknowledgement that came before is stored or was refused. */
  acknowledged(): Promise<unknown>
}

interface EntryRow {
  readonly ix: string
  readonly found: number
  readonly sequence: string
  readonly received_at: string
  readonly envelope: Buffer
  readonly body: Buffer | null
}

const deleteBatch = 5_000

/** Sizes are known without reading what is stored aside, so a page that is cut costs no more than what it holds. */
const pageStatement = `
SELECT r.ix, e.* FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[], $5::bigint[])
  WITH ORDINALITY AS r(user_id, device_id, after, size, max_bytes, ix)
CROSS JOIN LATERAL (
  SELECT p.sequence, p.received_at, p.envelope, p.body, p.found FROM (
    SELECT m.sequence, m.received_at, m.envelope, b.body, count(*) OVER ()::int AS found,
      row_number() OVER w AS place,
      sum(octet_length(m.envelope) + coalesce(octet_length(b.body), 0)) OVER w AS bytes
    FROM (
      SELECT * FROM message.entry o
      WHERE o.user_id = r.user_id AND o.device_id = r.device_id AND o.sequence > r.after
      ORDER BY o.sequence LIMIT r.size + 1
    ) m
    LEFT JOIN message.body b ON m.has_body AND b.sender_user = m.sender_user
      AND b.sender_device = m.sender_device AND b.message_id = m.message_id
    WINDOW w AS (ORDER BY m.sequence)
  ) p WHERE p.place <= r.size AND (p.bytes <= r.max_bytes OR p.place = 1)
) e ORDER BY r.ix, e.sequence`

/** Mailboxes are locked in one order, so that flushes of sends and of acknowledgements never wait for each other in a ring. */
const ackStatement = `
WITH ack AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS a(user_id, device_id, up_to, ix)
), locked AS (
  SELECT m.user_id, m.device_id, m.next_sequence FROM message.mailbox m
  WHERE (m.user_id, m.device_id) IN (SELECT user_id, device_id FROM ack) AND NOT m.closed
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
    AND e.sequence <= coalesce((SELECT o.sequence FROM message.entry o
      WHERE o.user_id = h.user_id AND o.device_id = h.device_id AND o.sequence <= h.up_to
      ORDER BY o.sequence OFFSET $4 - 1 LIMIT 1), h.up_to)
  RETURNING e.user_id, e.device_id
)
SELECT v.ix, (SELECT count(*)::int FROM gone g WHERE g.user_id = v.user_id AND g.device_id = v.device_id) AS removed FROM valid v`

export const createMailboxes = (database: Database): Mailboxes => {
  const state = async ({ userId, deviceId }: DeviceAddress): Promise<MailboxState> => {
    const [row] = await database.query<{ acked_sequence: string; next_sequence: string; epoch: number }>(
      `SELECT acked_sequence, next_sequence, epoch FROM message.mailbox
       WHERE user_id = $1 AND device_id = $2 AND NOT closed`,
      [userId, deviceId],
    )
    if (!row) throw new QsmError('device_required')
    return { acked: Number(row.acked_sequence), next: Number(row.next_sequence), epoch: row.epoch }
  }

  const page = createBatcher<PageRequest, Page>({
    maxItems: 64,
    maxInFlight: 1,
    async run(requests) {
      const rows = await database.query<EntryRow>({ name: 'mailbox-pages', text: pageStatement }, [
        requests.map(request => request.userId),
        requests.map(request => request.deviceId),
        requests.map(request => request.after),
        requests.map(request => request.limit),
        requests.map(request => request.maxBytes ?? limits.maxBufferedBytes),
      ])
      const pages: { entries: Entry[]; found: number }[] = requests.map(() => ({ entries: [], found: 0 }))
      for (const row of rows) {
        const found = pages[Number(row.ix) - 1]
        if (!found) continue
        found.found = row.found
        found.entries.push({
          sequence: Number(row.sequence),
          receivedAt: Number(row.received_at),
          envelope: row.envelope,
          body: row.body,
        })
      }
      return pages.map(({ entries, found }) => ({ entries, more: found > entries.length }))
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
    maxInFlight: 1,
    everyMs: 20,
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

  // They are stored in the order in which they came, so the last one stands for all.
  let lastAck: Promise<unknown> = Promise.resolve()
  const acknowledge = async (request: AckRequest): Promise<void> => {
    for (let removed: number | null = deleteBatch; removed === deleteBatch; ) {
      const moving = moveAcks(request)
      lastAck = moving.catch(() => {}) // Told to who has asked.
      removed = await moving
      if (removed !== null) continue
      const { next } = await state(request)
      throw new QsmError('validation_failed', `up_to: at most ${next - 1}, the newest sequence of this mailbox`, {
        details: { field: 'up_to' },
      })
    }
  }

  return { state, page, acknowledge, acknowledged: () => lastAck }
}
