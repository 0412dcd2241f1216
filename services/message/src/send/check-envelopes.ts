import {
  agreesWithRecord,
  checkEnvelopeKeys,
  type DeviceRecord,
  type Envelope,
  hasSignatureForm,
  parseEnvelope,
  verifyEnvelope,
} from '@qsm/protocol'
import type { Verifier } from '../context.js'
import { envelopeRefused, type Parcel, type ReadParcel } from './send-job.js'

/** Why an envelope was refused; a label of metrics, never told to the sender. */
export type RefusedCause = 'form' | 'key' | 'repeat' | 'signature'
export type OnRefused = (cause: RefusedCause) => void

const readForm = (bytes: Uint8Array, record: DeviceRecord): Envelope => {
  const envelope = parseEnvelope(bytes)
  if (!agreesWithRecord(envelope, record)) throw new TypeError('suite or managed flag of another device')
  if (!hasSignatureForm(envelope.signature)) throw new TypeError('no signature')
  return envelope
}

/**
 * Suite, lengths and the form of the signature, then the public keys in the envelopes: what can be judged without a
 * signature. Throws `envelope_refused` without saying which part failed.
 */
export const readEnvelopes = (
  record: DeviceRecord,
  parcels: readonly Parcel[],
  onRefused: OnRefused,
): readonly ReadParcel[] => {
  const attempt = <T>(cause: RefusedCause, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      onRefused(cause)
      throw envelopeRefused(error)
    }
  }
  const read = parcels.map(parcel => ({ ...parcel, envelope: attempt('form', () => readForm(parcel.bytes, record)) }))
  for (const { envelope } of read) attempt('key', () => checkEnvelopeKeys(envelope))
  return read
}

/** Both signatures of every envelope, ECDSA before Falcon. Throws `envelope_refused`. */
export const checkSignatures = async (
  verifier: Verifier,
  record: DeviceRecord,
  parcels: readonly ReadParcel[],
  onRefused: OnRefused,
): Promise<void> => {
  for (const { envelope } of parcels) {
    if (await verifyEnvelope(verifier, envelope, record.identityKey)) continue
    onRefused('signature')
    throw envelopeRefused()
  }
}
