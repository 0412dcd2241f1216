import { createHash } from 'node:crypto'
import { type Envelope, parseEnvelope } from '@qsm/protocol'
import { idFromBytes, QsmError } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'

/** A send as it came, by REST or socket. */
export interface SendRequest {
  readonly sender: DeviceAddress
  /** UUID in text form. */
  readonly messageId: string
  readonly envelopes: readonly Uint8Array[]
  readonly body: Uint8Array | null
}

/** One envelope with the addresses in it as text. */
export interface Parcel {
  readonly envelope: Envelope
  readonly userId: string
  readonly deviceId: number
}

/** What was stored, one for each envelope, in the order of the envelopes. */
export interface StoredParcel {
  readonly user_id: string
  readonly device_id: number
  readonly sequence: number
}

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

/** Reads the envelopes of a send; what is no envelope is refused without saying more. */
export const readParcels = (request: SendRequest): readonly Parcel[] =>
  request.envelopes.map((bytes, index) => {
    try {
      const envelope = parseEnvelope(bytes)
      return { envelope, userId: idFromBytes(envelope.header.recipientUser), deviceId: envelope.header.recipientDevice }
    } catch (cause) {
      throw new QsmError('envelope_refused', undefined, { details: { field: `envelopes[${index}]` }, cause })
    }
  })
