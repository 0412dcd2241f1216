import * as z from 'zod'
import { deviceId, sequence, uuid } from './fields.js'
import { traceparentForm } from './traceparent.js'

/** More ids of one receipt go in several hints. */
export const maxReceiptIds = 100

/** The span that published a hint, where sends are traced. */
const traceparent = z.string().regex(traceparentForm)

/**
 * What the bus carries between pods: that something is there to be read, never the thing itself. A hint may be lost,
 * doubled, late or forged without harm; who gets one looks into the database.
 */
export const hint = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('account-events') }),
  z.strictObject({
    kind: z.literal('mailbox'),
    user_id: uuid,
    device_id: deviceId,
    sequence: sequence.optional(),
    traceparent: traceparent.optional(),
  }),
  // For `user_id`: how it stands to `peer_id` has changed, by this request where there was one.
  z.strictObject({ kind: z.literal('connection'), user_id: uuid, peer_id: uuid, request_id: uuid.nullable() }),
  z.strictObject({ kind: z.literal('device-bound'), session_id: uuid }),
  z.strictObject({ kind: z.literal('device-removed'), user_id: uuid, device_id: deviceId }),
  // `peer_id` types to `user_id`, or has stopped: the one thing that is nowhere to be read, and worth nothing a moment later.
  z.strictObject({ kind: z.literal('typing'), user_id: uuid, peer_id: uuid, active: z.boolean() }),
  // For `user_id`: `peer_id` has come online or gone; which of the two is looked up.
  z.strictObject({ kind: z.literal('presence'), user_id: uuid, peer_id: uuid }),
  // For `user_id`: `peer_id` has got or read these messages. Shown to sockets that are open now, else worth nothing.
  z.strictObject({
    kind: z.literal('receipt'),
    user_id: uuid,
    peer_id: uuid,
    receipt: z.enum(['delivered', 'read']),
    message_ids: z.array(uuid).min(1).max(maxReceiptIds),
  }),
  // The device may have a newer socket elsewhere, under this id.
  z.strictObject({ kind: z.literal('socket-opened'), user_id: uuid, device_id: deviceId, socket_id: uuid }),
])
export type Hint = z.infer<typeof hint>
export type HintKind = Hint['kind']
export type HintOf<K extends HintKind> = Extract<Hint, { kind: K }>
