import { bigints, createBatcher, type Database, QsmError, uuids } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import { createPages, type Pages } from './pages.js'

export interface MailboxState {
  readonly acked: number
  /** The number that the next entry gets. */
  readonly next: number
  readonly epoch: number
}

export interface Mailboxes extends Pages {
  state(address: DeviceAddress): Promise<MailboxState>
  /** Acknowledges up to a number: entries up to it are deleted. Going back changes nothing. */
  acknowledge(request: DeviceAddress & { readonly upTo: number }): Promise<void>
  /** Resolves when every acknowledgement that came before is stored or was refused. */
  acknowledged(): Promise<unknown>
}

/** So many entries does one flush delete at most, shared out evenly: about 50 ms, in which nobody sends to these mailboxes. */
const deleteBatch = 5_000
/** In one flush. */
const maxRequests = 256

/**
 * Mailboxes are locked in one order, so that flushes of sends and of acknowledgements never wait for each other in a ring. A mark
 * moves at once as far as it shall; what lies below is deleted $4 entries of each mailbox at a time.
 */
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
), reached AS MATERIALIZED (
  SELECT h.user_id, h.device_id, coalesce((SELECT o.sequence FROM message.entry o
    WHERE o.user_id = h.user_id AND o.device_id = h.device_id AND o.sequence <= h.up_to
    ORDER BY o.sequence OFFSET $4 - 1 LIMIT 1), h.up_to) AS up_to
  FROM highest h
), moved AS (
  UPDATE message.mailbox m SET acked_sequence = h.up_to FROM highest h
  WHERE m.user_id = h.user_id AND m.device_id = h.device_id AND m.acked_sequence < h.up_to
), gone AS (
  DELETE FROM message.entry e USING reached r
  WHERE e.user_id = r.user_id AND e.device_id = r.device_id AND e.sequence <= r.up_to
)
SELECT v.ix, v.up_to <= r.up_to AS done FROM valid v JOIN reached r USING (user_id, device_id)`

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

  interface AckRequest extends DeviceAddress {
    readonly upTo: number
  }
  interface AckedRow {
    readonly ix: string
    readonly done: boolean
  }

  /**
   * Moves the marks of several mailboxes and deletes what lies below. Whether that is all of it; null for a mailbox that is gone or
   * has no such number yet.
   */
  const moveAcks = createBatcher<AckRequest, boolean | null>({
    maxItems: maxRequests,
    maxInFlight: 1,
    everyMs: 20,
    async run(requests) {
      const rows = await database.query<AckedRow>({ name: 'mailbox-ack', text: ackStatement }, [
        uuids(requests.map(request => request.userId)),
        bigints(requests.map(request => request.deviceId)),
        bigints(requests.map(request => request.upTo)),
        Math.floor(deleteBatch / new Set(requests.map(({ userId, deviceId }) => `${userId}/${deviceId}`)).size),
      ])
      const done = new Map(rows.map(row => [Number(row.ix), row.done]))
      return requests.map((_, index) => done.get(index + 1) ?? null)
    },
  })

  // They are stored in the order in which they came, so the last one stands for all.
  let lastAck: Promise<unknown> = Promise.resolve()
  const acknowledge = async (request: AckRequest): Promise<void> => {
    for (let done: boolean | null = false; done !== true; ) {
      const moving = moveAcks(request)
      lastAck = moving.catch(() => {}) // Told to who has asked.
      done = await moving
      if (done !== null) continue
      const { next } = await state(request)
      throw new QsmError('validation_failed', `up_to: at most ${next - 1}, the newest sequence of this mailbox`, {
        details: { field: 'up_to' },
      })
    }
  }

  return { state, ...createPages(database), acknowledge, acknowledged: () => lastAck }
}
