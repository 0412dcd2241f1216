import { base64 } from './fields.js'
import { limits } from './limits.js'

/** Byte lengths of the records of QSM/1 (docs/protocol.md section 3), by which base64 fields are bounded. */
const signature = 730
/** Everything of a DeviceRecord but its list of suites (2 bytes for each of 1 to 16). */
const deviceFixed = 1 + 2 + 16 + 4 + 1 + 8 + 8 + 962 + 1 + signature
const requestFixed = 1 + 1 + 16 + 16 + 4 + 16 + 8 + 8 + 32 + 65 + 4 + 1184 + 4 + signature
const responseFixed = 1 + 1 + 16 + 16 + 4 + 16 + 4 + 8 + 32 + 65 + 1088 + 4 + 1184 + 32 + 4 + 32 + signature
const minDevice = deviceFixed + 2
const maxDevice = deviceFixed + 2 * 16

export const recordBytes = Object.freeze({
  device: { min: minDevice, max: maxDevice },
  prekey: limits.prekeyRecordBytes,
  bundle: { min: 1 + 4 + minDevice + limits.prekeyRecordBytes, max: 1 + 4 + maxDevice + limits.prekeyRecordBytes },
  request: { min: requestFixed + minDevice, max: requestFixed + maxDevice },
  response: { min: responseFixed + minDevice, max: responseFixed + maxDevice },
})

const record = (id: string, size: { min: number; max: number }, description: string) =>
  base64(size.min, size.max).meta({ id, description: `${description} (docs/protocol.md), base64.` })

export const deviceRecord = record('DeviceRecord', recordBytes.device, 'A DeviceRecord with its signature')
export const prekeyRecord = record(
  'PrekeyRecord',
  { min: recordBytes.prekey, max: recordBytes.prekey },
  'A Prekey with its signature',
)
export const prekeyBundle = record('PrekeyBundle', recordBytes.bundle, 'A Bundle: a DeviceRecord and one Prekey')
export const handshakeRequest = record('HandshakeRequest', recordBytes.request, 'A Request with its signature')
export const handshakeResponse = record('HandshakeResponse', recordBytes.response, 'A Response with its signature')
export const envelope = record(
  'Envelope',
  { min: limits.minEnvelopeBytes, max: limits.maxEnvelopeBytes },
  'A sealed and signed envelope',
)
export const sealedBody = record(
  'SealedBody',
  { min: limits.minBodyApartBytes, max: limits.maxBodyApartBytes },
  'A body that was sealed apart from its envelopes',
)
