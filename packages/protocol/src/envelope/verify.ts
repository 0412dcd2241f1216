import type { Algorithms } from '../ports.js'
import type { DeviceRecord } from '../records/device-record.js'
import { unsignedPart } from '../records/signed.js'
import { wrapVerify } from '../signature.js'
import { flags } from './header.js'
import type { Envelope } from './parse.js'

/** Whether the managed flag of an envelope equals that of the sender's record, and the suite its suite. */
export const agreesWithRecord = (
  envelope: Pick<Envelope, 'header'>,
  sender: Pick<DeviceRecord, 'managed' | 'suite'>,
): boolean =>
  ((envelope.header.flags & flags.managed) !== 0) === sender.managed && envelope.header.suite === sender.suite

/**
 * Whether the signature of an envelope holds under the sender's identity key (962 bytes): ECDSA first, then Falcon. Needs no
 * plaintext, so that a server can judge what it cannot read.
 */
export const verifyEnvelope = (
  algorithms: Pick<Algorithms, 'signer' | 'classical'>,
  envelope: Pick<Envelope, 'bytes' | 'signature' | 'header'>,
  senderIdentityKey: Uint8Array,
): Promise<boolean> =>
  wrapVerify(
    algorithms,
    senderIdentityKey,
    'env',
    envelope.header.suite,
    unsignedPart(envelope.bytes),
    envelope.signature,
  )
