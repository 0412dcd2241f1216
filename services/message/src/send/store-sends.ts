import {
  bigints,
  byteas,
  createBatcher,
  type Database,
  integers,
  type Query,
  uuids,
  violatedUnique,
} from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import { type ReadParcel, type SendRequest, type StoredParcel, senderKeyOf } from './send-job.js'

export interface CheckedSend {
  readonly request: SendRequest
  readonly parcels: readonly ReadParcel[]
  readonly hash: Buffer
  /** Milliseconds since 1970. */
  readonly receivedAt: number
}

/**
 * Stores all sends of a flush in one statement, which is one transaction: locks the mailboxes in one order, numbers the
 * envelopes under the locks, and remembers what was sent and seen. A mailbox that is gone or closed fails the whole statement
 * (division by zero), a repeat by its unique key; both are then tried one by one. The guard is materialized: within a join it
 * is not computed where all mailboxes are gone. An item without a session (sid) is the note of a managed device to itself: it
 * is in no answer, and never a repeat.
 */
const statement = `
WITH item AS (
  SELECT * FROM unnest($1::int[], $2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[])
    WITH ORDINALITY AS i(send, user_id, device_id, envelope, sid, seq, ord)
), send AS (
  SELECT * FROM unnest($7::int[], $8::uuid[], $9::bigint[], $10::uuid[], $11::bytea[], $12::bytea[], $13::bigint[])
    AS s(send, sender_user, sender_device, message_id, hash, body, received_at)
), locked AS (
  SELECT user_id, device_id, next_sequence, socket_id FROM message.mailbox
  WHERE (user_id, device_id) IN (SELECT user_id, device_id FROM item) AND NOT closed
  ORDER BY user_id, device_id FOR UPDATE
), numbered AS (
  SELECT i.*, l.socket_id, l.next_sequence + row_number() OVER (PARTITION BY i.user_id, i.device_id ORDER BY i.ord) - 1 AS sequence
  FROM item i JOIN locked l USING (user_id, device_id)
), moved AS (
  UPDATE message.mailbox m SET next_sequence = n.last + 1
  FROM (SELECT user_id, device_id, max(sequence) AS last FROM numbered GROUP BY 1, 2) n
  WHERE m.user_id = n.user_id AND m.device_id = n.device_id
), stored AS (
  INSERT INTO message.entry (user_id, device_id, sequence, message_id, sender_user, sender_device, has_body, received_at, envelope)
  SELECT n.user_id, n.device_id, n.sequence, s.message_id, s.sender_user, s.sender_device, s.body IS NOT NULL AND n.sid IS NOT NULL, s.received_at, n.envelope
  FROM numbered n JOIN send s USING (send)
), bodies AS (
  INSERT INTO message.body (sender_user, sender_device, message_id, received_at, body)
  SELECT sender_user, sender_device, message_id, received_at, body FROM send WHERE body IS NOT NULL
), seen AS (
  INSERT INTO message.seen (sid, sender_user, sender_device, seq, received_at)
  SELECT n.sid, s.sender_user, s.sender_device, n.seq, s.received_at FROM item n JOIN send s USING (send)
  WHERE n.sid IS NOT NULL
), sent AS (
  INSERT INTO message.sent (sender_user, sender_device, message_id, body_sha256, answer, received_at)
  SELECT s.sender_user, s.sender_device, s.message_id, s.hash, a.answer, s.received_at
  FROM send s JOIN (
    SELECT send, jsonb_agg(jsonb_build_array(user_id, device_id, sequence) ORDER BY ord) AS answer
    FROM numbered WHERE sid IS NOT NULL GROUP BY send
  ) a USING (send)
), guard AS MATERIALIZED (
  SELECT 1 / (CASE WHEN (SELECT count(*) FROM numbered) = cardinality($1::int[]) THEN 1 ELSE 0 END) AS complete
)
SELECT send, user_id, device_id, sequence, socket_id FROM guard LEFT JOIN numbered ON complete = 1 AND sid IS NOT NULL ORDER BY ord`

interface NumberedRow {
  readonly send: number
  readonly user_id: string
  readonly device_id: string
  readonly sequence: string
  readonly socket_id: string | null
}

/** What was stored for a device, and the socket that the device has: where the hint must go. */
export interface HeldParcel extends StoredParcel {
  readonly socketId: string | null
}

interface Item {
  readonly address: DeviceAddress
  readonly bytes: Uint8Array
  readonly sid: Uint8Array | null
  readonly seq: number
}

const itemsOf = ({ request, parcels }: CheckedSend): readonly Item[] => {
  const note = request.managed?.note
  const envelopes = parcels.map(({ envelope: { bytes, header }, ...address }) => {
    return { address, bytes, sid: header.sid, seq: header.seq }
  })
  return note ? [...envelopes, { address: request.sender, bytes: note, sid: null, seq: 0 }] : envelopes
}

const valuesOf = (sends: readonly CheckedSend[]): readonly unknown[] => {
  const items = sends.flatMap((send, index) => itemsOf(send).map(item => ({ index, item })))
  return [
    integers(items.map(({ index }) => index)),
    uuids(items.map(({ item }) => item.address.userId)),
    bigints(items.map(({ item }) => item.address.deviceId)),
    byteas(items.map(({ item }) => item.bytes)),
    byteas(items.map(({ item }) => item.sid)),
    bigints(items.map(({ item }) => item.seq)),
    integers(sends.map((_, index) => index)),
    uuids(sends.map(send => send.request.sender.userId)),
    bigints(sends.map(send => send.request.sender.deviceId)),
    uuids(sends.map(send => send.request.messageId)),
    byteas(sends.map(send => send.hash)),
    byteas(sends.map(send => send.request.body ?? null)),
    bigints(sends.map(send => send.receivedAt)),
  ]
}

const group = (sends: readonly CheckedSend[], rows: readonly NumberedRow[]): readonly (readonly HeldParcel[])[] => {
  const answers: HeldParcel[][] = sends.map(() => [])
  for (const row of rows) {
    answers[row.send]?.push({
      user_id: row.user_id,
      device_id: Number(row.device_id),
      sequence: Number(row.sequence),
      socketId: row.socket_id,
    })
  }
  return answers
}

const name = 'store-sends'
/** So much is stored by one statement, which may take 1.5 s; a send that is larger goes alone. */
const maxBytesTogether = 8 << 20

/** What a send brings into the database, but for columns of a few bytes. */
const bytesOf = (send: CheckedSend): number =>
  itemsOf(send).reduce((sum, { bytes }) => sum + bytes.length, send.request.body?.length ?? 0)

/** Whether a send failed because a mailbox is gone: the guard of the statement divides by zero. */
export const isMailboxMissing = (error: unknown): boolean => (error as { code?: unknown }).code === '22012'
/** A fault of one send among those of a flush. */
const isFault = (error: unknown): boolean => isMailboxMissing(error) || violatedUnique(error) !== null

/** Stores one send within a transaction of the caller. */
export const storeInTransaction = async (query: Query, send: CheckedSend): Promise<readonly HeldParcel[]> => {
  const rows = await query<NumberedRow>(statement, valuesOf([send]))
  return group([send], rows)[0] ?? []
}

/** Stores sends, those of one turn together. Rejects for a send alone that repeats or misses its mailbox. */
export const createSendStore = (database: Database, onFlush: (sends: number) => void) => {
  const store = async (sends: readonly CheckedSend[]) =>
    group(sends, await database.query<NumberedRow>({ name, text: statement }, valuesOf(sends)))

  const storeEach = async (sends: readonly CheckedSend[]) => {
    const results: (readonly HeldParcel[] | Error)[] = []
    for (const send of sends) {
      const result = await store([send]).then(
        ([answer]) => answer ?? [],
        (error: Error) => error,
      )
      results.push(result)
      if (!(result instanceof Error) || isFault(result)) continue
      // The database went away: those behind would only find out later.
      return [...results, ...sends.slice(results.length).map(() => result)]
    }
    return results
  }

  return createBatcher<CheckedSend, readonly HeldParcel[]>({
    maxItems: 128,
    maxInFlight: 2,
    weightOf: bytesOf,
    maxWeight: maxBytesTogether,
    // What one device sends at once is answered in the order of its numbers.
    keyOf: ({ request }) => senderKeyOf(request),
    async run(sends) {
      onFlush(sends.length)
      try {
        return await store(sends)
      } catch (error) {
        if (sends.length === 1 || !isFault(error)) throw error
        return storeEach(sends)
      }
    },
  })
}
