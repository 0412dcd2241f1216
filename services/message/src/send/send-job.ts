import { createHash } from 'node:crypto'
import { type Envelope, type EnvelopeAddress, readEnvelopeAddress } from '@qsm/protocol'
import { idFromBytes, QsmError } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'

/** A send as it came, by REST or socket. */
export interface SendRequest {
  readonly sender: DeviceAddress
  /** UUID in text form. */
  readonly messageId: string
  readonly envelopes: readonly Uint8Array[]
  readonly body: Uint8Array | null
  /** The span of this send; left out or null where it is not traced. */
  readonly traceparent?: string | null
  /** Where the quantum service has sealed it for a thin client. */
  readonly managed?: ManagedSend
}

/** What is otherwise with a send of a managed device; its message id was drawn for this content alone. */
export interface ManagedSend {
  /** For the sender's own mailbox, in the same transaction; null for none. */
  readonly note: Uint8Array | null
  /** It concerns only devices with a session: others may go without. */
  readonly isToSome: boolean
}

/** A send as it was stored. */
export interface StoredSend {
  readonly devices: readonly StoredParcel[]
  /** Milliseconds since 1970. */
  readonly receivedAt: number
}

/** What may be an envelope, with the recipient's address in it as text. */
export interface Parcel {
  readonly bytes: Uint8Array
  readonly address: EnvelopeAddress
  readonly userId: string
  readonly deviceId: number
}

/** A parcel whose form was read. */
export interface ReadParcel extends Parcel {
  readonly envelope: Envelope
}

/** What was stored, one for each envelope, in the order of the envelopes. */
export interface StoredParcel {
  readonly user_id: string
  readonly device_id: number
  readonly sequence: number
}

/** Names the device that sends. */
export const senderKeyOf = ({ sender }: Pick<SendRequest, 'sender'>): string => `${sender.userId}/${sender.deviceId}`

const lengthBytes = (length: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

/** SHA-256 over body and envelopes with their lengths: tells a repeat from another send under the same id. */
export const hashOf = (request: SendRequest): Buffer => {
  const hash = createHash('sha256')
  for (const part of [request.body ?? new Uint8Array(0), ...request.envelopes])
    hash.update(lengthBytes(part.length)).update(part)
  return hash.digest()
}

/** The only text for envelopes that are refused for a cryptographic cause. */
export const envelopeRefused = (cause?: unknown): QsmError => new QsmError('envelope_refused', undefined, { cause })

/** Reads who sends to whom. Of the form only size and version are judged: that is the cheapest check. */
export const readParcels = (request: SendRequest): readonly Parcel[] =>
  request.envelopes.map((bytes, index) => {
    try {
      const address = readEnvelopeAddress(bytes)
      return { bytes, address, userId: idFromBytes(address.recipientUser), deviceId: address.recipientDevice }
    } catch (cause) {
      throw new QsmError('envelope_refused', undefined, { details: { field: `envelopes[${index}]` }, cause })
    }
  })
