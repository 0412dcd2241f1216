import { copyBytes, equalBytes } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { malformed, refused } from '../errors.js'
import { checkKemKey, kemCiphertextBytes, kemPublicKeyBytes } from '../kem-key.js'
import { checkP256Point, pointBytes } from '../p256.js'
import type { Algorithms } from '../ports.js'
import { signatureBytes } from '../signature.js'
import {
  acceptDeviceRecord,
  type DeviceRecord,
  decodeDeviceRecord,
  deviceRecordMaxBytes,
  type PinnedDevice,
} from './device-record.js'
import type { Request } from './request.js'
import { checkSigned } from './signed.js'
import { checkNotAhead } from './times.js'

export const responseVersion = 1
export const responseType = 2
const confirmBytes = 32
const firstKemId = 1

/** The answer to a request (mode B); `bytes` is the whole record with its signature. */
export interface Response {
  readonly bytes: Uint8Array
  readonly requestId: Uint8Array
  readonly fromUser: Uint8Array
  readonly fromDevice: number
  readonly toUser: Uint8Array
  readonly toDevice: number
  readonly createdAt: number
  readonly p256: Uint8Array
  readonly ciphertext: Uint8Array
  readonly kem: Uint8Array
  /** SHA-256 of the request with its signature. */
  readonly requestHash: Uint8Array
  readonly record: DeviceRecord
  readonly confirm: Uint8Array
}

/** Everything before `confirm`, a copy: `body2` of mode B. */
export const responseBody = (response: Uint8Array): Uint8Array =>
  copyBytes(response.subarray(0, response.length - signatureBytes - confirmBytes))

/** Reads a response without judging signatures. Throws `malformed`, or `refused` for keys that nobody may use. */
export const decodeResponse = (bytes: Uint8Array): Response => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== responseVersion || reader.u8('type') !== responseType) {
    throw malformed('these bytes are no response')
  }
  const requestId = reader.bytes(16, 'reqId')
  const fromUser = reader.bytes(16, 'fromUser')
  const fromDevice = reader.u32('fromDevice')
  const toUser = reader.bytes(16, 'toUser')
  const toDevice = reader.u32('toDevice')
  const createdAt = reader.u64('createdAt')
  reader.view(32, 'nonce')
  const p256 = reader.bytes(pointBytes, 'EK_B')
  const ciphertext = reader.bytes(kemCiphertextBytes, 'ct')
  if (reader.u32('ekId') !== firstKemId) throw malformed('the first ekId is 1')
  const kem = reader.bytes(kemPublicKeyBytes, 'ek_B')
  const requestHash = reader.bytes(32, 'the hash of the request')
  const record = decodeDeviceRecord(reader.lp(deviceRecordMaxBytes, 'device record'))
  const confirm = reader.bytes(confirmBytes, 'confirm')
  reader.view(signatureBytes, 'signature')
  reader.end()
  checkP256Point(p256)
  checkKemKey(kem)
  const sent = { requestId, fromUser, fromDevice, toUser, toDevice, createdAt }
  return { bytes: copyBytes(bytes), ...sent, p256, ciphertext, kem, requestHash, record, confirm }
}

/**
 * Takes a response to a request as far as anybody can who holds no key, or throws `refused`; `confirm` is judged by the
 * handshake. `pinned` is what was seen first of the responder's device, or its identity key alone, where it is known.
 */
export const acceptResponse = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical' | 'now'>,
  response: Response,
  request: Request,
  pinned?: PinnedDevice | Uint8Array,
): Promise<void> => {
  if (!equalBytes(response.requestId, request.requestId)) throw refused('address', 'a response answers another request')
  if (!equalBytes(response.fromUser, request.toUser)) throw refused('address', 'a response comes from another user')
  if (!equalBytes(response.toUser, request.fromUser) || response.toDevice !== request.fromDevice) {
    throw refused('address', 'a response is for another device')
  }
  if (!equalBytes(response.requestHash, await algorithms.classical.sha256(request.bytes))) {
    throw refused('address', 'a response was made to other bytes')
  }
  if (!response.record.suites.includes(request.record.suite)) {
    throw refused('suite', 'the responder does not speak the suite of the request')
  }
  checkNotAhead(response.createdAt, algorithms.now(), 'a response')
  await acceptDeviceRecord(algorithms, response.record, {
    user: response.fromUser,
    device: response.fromDevice,
    ...(pinned ? { pinned } : {}),
  })
  await checkSigned(algorithms, response.record, 'response', response.bytes, 'a response')
}
