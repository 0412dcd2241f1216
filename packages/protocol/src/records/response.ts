import { equalBytes } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { malformed, refused } from '../errors.js'
import { checkKemKey, checkP256Point } from '../key-checks.js'
import type { Algorithms } from '../ports.js'
import { signatureBytes, wrapVerify } from '../signature.js'
import { acceptDeviceRecord, type DeviceRecord, decodeDeviceRecord, deviceRecordMaxBytes } from './device-record.js'
import type { Request } from './request.js'

export const responseVersion = 1
export const responseType = 2
const confirmBytes = 32
const aheadMs = 300_000

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
  readonly requestHash: Uint8Array
  readonly record: DeviceRecord
  readonly confirm: Uint8Array
}

/** Everything before `confirm`, which is hashed into the handshake. */
export const responseBody = (response: Uint8Array): Uint8Array =>
  response.slice(0, response.length - signatureBytes - confirmBytes)

/** Reads a response without judging signatures. Throws `malformed` or `refused`. */
export const decodeResponse = (bytes: Uint8Array): Response => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== responseVersion || reader.u8('type') !== responseType) throw malformed('these bytes are no response')
  const requestId = reader.bytes(16, 'reqId')
  const fromUser = reader.bytes(16, 'fromUser')
  const fromDevice = reader.u32('fromDevice')
  const toUser = reader.bytes(16, 'toUser')
  const toDevice = reader.u32('toDevice')
  const createdAt = reader.u64('createdAt')
  reader.bytes(32, 'nonce')
  const p256 = reader.bytes(65, 'EK_B')
  const ciphertext = reader.bytes(1088, 'ct')
  if (reader.u32('ekId') !== 1) throw malformed('the first ekId is 1')
  const kem = reader.bytes(1184, 'ek_B')
  const requestHash = reader.bytes(32, 'the hash of the request')
  const record = decodeDeviceRecord(reader.lp(deviceRecordMaxBytes, 'device record'))
  const confirm = reader.bytes(confirmBytes, 'confirm')
  reader.bytes(signatureBytes, 'signature')
  reader.end()
  checkP256Point(p256)
  checkKemKey(kem)
  return { bytes: bytes.slice(), requestId, fromUser, fromDevice, toUser, toDevice, createdAt, p256, ciphertext, kem, requestHash, record, confirm }
}

/**
 * Takes a response to a request as far as anybody can who holds no key, or throws `refused`; `confirm` is judged by the
 * handshake. `pinned` is the responder's identity key where one is known.
 */
export const acceptResponse = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical' | 'now'>,
  response: Response,
  request: Request,
  pinned?: Uint8Array,
): Promise<void> => {
  if (!equalBytes(response.requestId, request.requestId)) throw refused('a response answers another request')
  if (!equalBytes(response.fromUser, request.toUser)) throw refused('a response comes from another user')
  if (!equalBytes(response.toUser, request.fromUser) || response.toDevice !== request.fromDevice) {
    throw refused('a response is for another device')
  }
  if (!equalBytes(response.requestHash, await algorithms.classical.sha256(request.bytes))) {
    throw refused('a response was made to other bytes')
  }
  if (response.createdAt > algorithms.now() + aheadMs) throw refused('a response comes from the future')
  await acceptDeviceRecord(algorithms, response.record, {
    user: response.fromUser,
    device: response.fromDevice,
    ...(pinned ? { pinned } : {}),
  })
  const unsigned = response.bytes.slice(0, response.bytes.length - signatureBytes)
  const signature = response.bytes.slice(response.bytes.length - signatureBytes)
  const { identityKey, suite } = response.record
  if (!(await wrapVerify(algorithms, identityKey, 'response', suite, unsigned, signature))) {
    throw refused('the signature of a response does not hold')
  }
}
