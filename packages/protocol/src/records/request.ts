import { equalBytes } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed, refused } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import { checkKemKey, checkP256Point } from '../key-checks.js'
import type { Algorithms, KeyPair } from '../ports.js'
import { signatureBytes, wrapSign, wrapVerify } from '../signature.js'
import { acceptDeviceRecord, type DeviceRecord, decodeDeviceRecord, deviceRecordMaxBytes } from './device-record.js'

const version = 1
const type = 1
const maxLifeMs = 14 * 86_400_000
const aheadMs = 300_000

/** A request for a connection (mode B); `bytes` is the whole record with its signature. */
export interface Request {
  readonly bytes: Uint8Array
  readonly requestId: Uint8Array
  readonly fromUser: Uint8Array
  readonly fromDevice: number
  readonly toUser: Uint8Array
  readonly createdAt: number
  readonly expiresAt: number
  readonly p256: Uint8Array
  readonly kem: Uint8Array
  readonly record: DeviceRecord
}

/** What the requester keeps until an answer was taken or the request has expired. */
export interface RequestSecrets {
  readonly bytes: Uint8Array
  readonly p256: KeyPair
  readonly kem: KeyPair
}

export const requestBody = (request: Uint8Array): Uint8Array => request.slice(0, request.length - signatureBytes)

/** Makes a request: draws the ephemeral keys and the nonce, signs. */
export const makeRequest = async (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  options: { readonly requestId: Uint8Array; readonly toUser: Uint8Array; readonly lifeMs?: number },
): Promise<RequestSecrets> => {
  const p256 = await algorithms.classical.generateP256()
  const kem = await algorithms.kem.generateKeyPair()
  const createdAt = algorithms.now()
  const unsigned = new Writer()
    .u8(version)
    .u8(type)
    .bytes(options.requestId)
    .bytes(local.user)
    .u32(local.device)
    .bytes(options.toUser)
    .u64(createdAt)
    .u64(createdAt + (options.lifeMs ?? maxLifeMs))
    .bytes(algorithms.randomBytes(32))
    .bytes(p256.publicKey)
    .u32(1)
    .bytes(kem.publicKey)
    .lp(ownRecord.bytes)
    .finish()
  const signature = await wrapSign(algorithms, local, 'request', local.suite, unsigned)
  return { bytes: new Writer().bytes(unsigned).bytes(signature).finish(), p256, kem }
}

/** Reads a request without judging signatures. Throws `malformed` or `refused`. */
export const decodeRequest = (bytes: Uint8Array): Request => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== version || reader.u8('type') !== type) throw malformed('these bytes are no request')
  const requestId = reader.bytes(16, 'reqId')
  const fromUser = reader.bytes(16, 'fromUser')
  const fromDevice = reader.u32('fromDevice')
  const toUser = reader.bytes(16, 'toUser')
  const createdAt = reader.u64('createdAt')
  const expiresAt = reader.u64('expiresAt')
  reader.bytes(32, 'nonce')
  const p256 = reader.bytes(65, 'EK_A')
  if (reader.u32('ekId') !== 1) throw malformed('the first ekId is 1')
  const kem = reader.bytes(1184, 'ek_A')
  const record = decodeDeviceRecord(reader.lp(deviceRecordMaxBytes, 'device record'))
  reader.bytes(signatureBytes, 'signature')
  reader.end()
  if (expiresAt <= createdAt || expiresAt > createdAt + maxLifeMs) throw malformed('a request lives at most 14 days')
  checkP256Point(p256)
  checkKemKey(kem)
  return { bytes: bytes.slice(), requestId, fromUser, fromDevice, toUser, createdAt, expiresAt, p256, kem, record }
}

/** Takes a request to `toUser` or throws `refused`. `pinned` is the sender's identity key where one is known. */
export const acceptRequest = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical' | 'now'>,
  request: Request,
  toUser: Uint8Array,
  pinned?: Uint8Array,
): Promise<void> => {
  const now = algorithms.now()
  if (request.createdAt > now + aheadMs) throw refused('a request comes from the future')
  if (request.expiresAt <= now) throw refused('a request has expired')
  if (!equalBytes(request.toUser, toUser)) throw refused('a request is for another user')
  await acceptDeviceRecord(algorithms, request.record, {
    user: request.fromUser,
    device: request.fromDevice,
    ...(pinned ? { pinned } : {}),
  })
  const signature = request.bytes.slice(request.bytes.length - signatureBytes)
  const { identityKey, suite } = request.record
  if (!(await wrapVerify(algorithms, identityKey, 'request', suite, requestBody(request.bytes), signature))) {
    throw refused('the signature of a request does not hold')
  }
}
