import * as z from 'zod'
import { receiptKind } from '../client-frames.js'
import { controls } from '../controls.js'
import { base64, count, deviceId, epoch, sequence, text, uuid, uuidV7 } from '../fields.js'
import { limits } from '../limits.js'
import { envelope, handshakeResponse, sealedBody } from '../records.js'
import { messageType } from '../routes/messages.js'
import { claimedBundle, deviceAddress, listedDevice, maxListedDevices } from './directory.js'
import { defineOperation } from './operation.js'

/** A line of the managed device to itself, sealed under its data key: what it has sent, in the order of its mailbox. */
const ownNote = base64(1, limits.maxEnvelopeBytes * 3).meta({
  description: 'Only the quantum service reads it.',
})

const payload = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), text: text(1, 65_536), message_type: messageType }),
  z.strictObject({
    kind: z.literal('control'),
    control: z.discriminatedUnion('type', [controls.receipt, controls.end]),
  }),
  /** Nothing but the turn of the ratchet that `control_due` asks for. */
  z.strictObject({ kind: z.literal('empty') }),
])

/** One send as the message service stores it. */
export const sealedSend = z.object({
  message_id: uuidV7,
  envelopes: z.array(envelope),
  body: sealedBody.nullable(),
  /** For the own mailbox; null where there is nothing to show. */
  note: ownNote.nullable(),
})
export type SealedSend = z.output<typeof sealedSend>

/**
 * Seals for every given device. Where some of them have no session yet nothing is sealed and `missing` lists them: the call
 * is made again with responses or bundles. Sessions that those given have begun are kept. The same `client_message_id` again
 * gives the same bytes, for 25 hours; with another payload or receiver it is refused with `idempotency_conflict`. `again`:
 * nothing was stored, seal anew under the same message ids. Of an `end` the own devices only get an empty control.
 */
export const sealMessage = defineOperation('seal', {
  input: {
    client_message_id: uuid.nullable(),
    to_user_id: uuid,
    payload,
    /** All active devices of the receiver and the other ones of the caller. */
    devices: z.array(listedDevice).min(1).max(maxListedDevices),
    bundles: z.array(claimedBundle).max(maxListedDevices),
    responses: z.array(handshakeResponse).max(100),
    /**
     * Whether `responses` holds every answer there is to requests of this device to the receiver. Where it does not and such
     * a request waits nothing is sealed: the answer may have begun a session that takes the place of the one in use.
     */
    responses_complete: z.boolean(),
    again: z.boolean(),
  },
  output: z.object({
    /** Nothing was sealed: the call is made again with all responses. */
    wants_responses: z.boolean(),
    missing: z.array(deviceAddress),
    /** In the order in which they are to be stored: a critical text comes behind the envelope that says so. */
    sends: z.array(sealedSend),
  }),
})

/** An entry of the mailbox of the managed device: an envelope, or a note of its own. */
const mailboxEntry = z.strictObject({
  sequence,
  /** Milliseconds since 1970. */
  received_at: count,
  message_id: uuid,
  sender_user_id: uuid,
  sender_device_id: deviceId,
  envelope: base64(1, limits.maxEnvelopeBytes * 3),
  body: sealedBody.nullable(),
  is_note: z.boolean(),
})

/** A message as a thin client reads it; the message service adds names. */
export const openedMessage = z.object({
  sequence,
  id: uuid,
  sender_user_id: uuid,
  /** The other side of the conversation. */
  peer_user_id: uuid,
  content: z.string(),
  message_type: messageType,
  /** By the server's clock, ms since 1970. */
  received_at: count,
  is_mine: z.boolean(),
  /** Of an own message: whether its receiver has said so. Null for one of somebody else. */
  is_read_by_peer: z.boolean().nullable(),
  verified: z.boolean(),
})
export type OpenedMessage = z.output<typeof openedMessage>

/**
 * Opens what is new in the mailbox, keeps it under the data key, and lists what stands behind `after`. Entries are those
 * behind `opened_up_to` of the answer before, ascending and without leaving one out; `from` is that number. Where it is not
 * the number that is stored here nothing is opened and `opened_up_to` says from where to begin.
 */
export const readMessages = defineOperation('read', {
  input: {
    epoch,
    from: sequence,
    entries: z.array(mailboxEntry).max(100),
    /** Records of the devices that have sent these entries. */
    devices: z.array(listedDevice).max(100),
    responses: z.array(handshakeResponse).max(100),
    /**
     * Whether `responses` holds every answer there is to requests of this device. An entry of no known session is then given
     * up; else it waits, and `wants_responses` says so.
     */
    responses_complete: z.boolean(),
    after: sequence,
    limit: z.int().min(0).max(limits.maxPageEntries),
    /** Unread critical messages between this and `after` are listed as well, at most `limit` of them. */
    read_up_to: sequence,
  },
  output: z.object({
    opened_up_to: sequence,
    /** Ascending. */
    messages: z.array(openedMessage),
    /** To give as `after`. */
    next: sequence,
    more: z.boolean(),
    /** An entry belongs to no known session: it is tried again with the responses to own requests. */
    wants_responses: z.boolean(),
    /** One-time prekeys that were used up. */
    used_prekeys: count,
    /** Users to whom an empty envelope is due, so that the ratchet turns. */
    control_due: z.array(uuid),
    /** What others have said of own messages, opened by this call. */
    receipts: z.array(z.object({ from_user_id: uuid, kind: receiptKind, message_ids: z.array(uuid) })),
  }),
})

/**
 * Which critical messages of others up to a number have no receipt yet, by sender. Those in `stored` have one: they are
 * marked first and listed no more. So a receipt that was not stored, after a crash too, is due again at the next call.
 */
export const takeReceipts = defineOperation('take_receipts', {
  input: { up_to: sequence, epoch, stored: z.array(uuid).max(1_000) },
  output: z.object({ receipts: z.array(z.object({ to_user_id: uuid, message_ids: z.array(uuid) })) }),
})

/** Deletes what was opened of a message. */
export const forgetMessage = defineOperation('forget_message', {
  input: { message_id: uuid },
  output: z.object({ forgotten: z.boolean() }),
})
