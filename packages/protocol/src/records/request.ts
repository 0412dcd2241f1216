import { copyBytes, equalBytes, wipe } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed, refused, usage } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import { checkKemKey, kemPublicKeyBytes } from '../kem-key.js'
import { checkP256Point, pointBytes } from '../p256.js'
import type { Algorithms, KeyPair } from '../ports.js'
import { signatureBytes, wrapSign } from '../signature.js'
import {
  acceptDeviceRecord,
  type DeviceRecord,
  decodeDeviceRecord,
  deviceRecordMaxBytes,
  type PinnedDevice,
} from './device-record.js'
import { checkSigned, unsignedPart } from './signed.js'
import { checkNotAhead, dayMs } from './times.js'

const version = 1
const type = 1
const firstKemId = 1

const requestMaxLifeMs = 14 * dayMs

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
  /** The request as it was sent. */
  readonly bytes: Uint8Array
  readonly p256: KeyPair
  readonly kem: KeyPair
}

/** A request without its signature, a copy: `body1` of mode B. */
export const requestBody = (request: Uint8Array): Uint8Array => copyBytes(unsignedPart(request))

/** Makes a request: draws the ephemeral keys and the nonce, signs. The caller stores it before it leaves. */
export const makeRequest = async (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  options: { readonly requestId: Uint8Array; readonly toUser: Uint8Array; readonly lifeMs?: number },
): Promise<RequestSecrets> => {
  const lifeMs = options.lifeMs ?? requestMaxLifeMs
  if (lifeMs <= 0 || lifeMs > requestMaxLifeMs) throw usage('a request lives at most 14 days')
  const p256 = await algorithms.classical.generateP256()
  const kem = await algorithms.kem.generateKeyPair()
  const createdAt = algorithms.now()
  const unsigned = new Writer()
    .u8(version)
    .u8(type)
    .fixed(16, options.requestId, 'requestId')
    .fixed(16, local.user, 'user')
    .u32(local.device)
    .fixed(16, options.toUser, 'toUser')
    .u64(createdAt)
    .u64(createdAt + lifeMs)
    .fixed(32, algorithms.randomBytes(32), 'nonce')
    .fixed(pointBytes, p256.publicKey, 'EK_A')
    .u32(firstKemId)
    .fixed(kemPublicKeyBytes, kem.publicKey, 'ek_A')
    .lp(ownRecord.bytes)
    .finish()
  const signature = await wrapSign(algorithms, local, 'request', local.suite, unsigned)
  return { bytes: new Writer().bytes(unsigned).bytes(signature).finish(), p256, kem }
}

/** Reads a request without judging signatures. Throws `malformed`, or `refused` for keys that nobody may use. */
export const decodeRequest = (bytes: Uint8Array): Request => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== version || reader.u8('type') !== type) throw malformed('these bytes are no request')
  const requestId = reader.bytes(16, 'reqId')
  const fromUser = reader.bytes(16, 'fromUser')
  const fromDevice = reader.u32('fromDevice')
  const toUser = reader.bytes(16, 'toUser')
  const createdAt = reader.u64('createdAt')
  const expiresAt = reader.u64('expiresAt')
  reader.view(32, 'nonce')
  const p256 = reader.bytes(pointBytes, 'EK_A')
  if (reader.u32('ekId') !== firstKemId) throw malformed('the first ekId is 1')
  const kem = reader.bytes(kemPublicKeyBytes, 'ek_A')
  const record = decodeDeviceRecord(reader.lp(deviceRecordMaxBytes, 'device record'))
  reader.view(signatureBytes, 'signature')
  reader.end()
  if (expiresAt <= createdAt || expiresAt > createdAt + requestMaxLifeMs)
    throw malformed('a request lives at most 14 days')
  checkP256Point(p256)
  checkKemKey(kem)
  return { bytes: copyBytes(bytes), requestId, fromUser, fromDevice, toUser, createdAt, expiresAt, p256, kem, record }
}

/**
 * Takes a request to `toUser` (16 bytes) or throws `refused`. `pinned` is what was seen first of the sender's device, or its
 * identity key alone, where it is known.
 */
export const acceptRequest = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical' | 'now'>,
  request: Request,
  toUser: Uint8Array,
  pinned?: PinnedDevice | Uint8Array,
): Promise<void> => {
  const now = algorithms.now()
  checkNotAhead(request.createdAt, now, 'a request')
  if (request.expiresAt <= now) throw refused('time', 'a request has expired')
  if (!equalBytes(request.toUser, toUser)) throw refused('address', 'a request is for another user')
  await acceptDeviceRecord(algorithms, request.record, {
    user: request.fromUser,
    device: request.fromDevice,
    ...(pinned ? { pinned } : {}),
  })
  await checkSigned(algorithms, request.record, 'request', request.bytes, 'a request')
}

/** Overwrites the ephemeral keys of a request that was answered or has expired. */
export const wipeRequest = (secrets: RequestSecrets): void => wipe(secrets.p256.secretKey, secrets.kem.secretKey)
