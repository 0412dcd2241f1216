import { equalBytes } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed, refused } from '../errors.js'
import { identityKeyBytes, identityKeyOf, type LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import { signatureBytes, wrapSign, wrapVerify } from '../signature.js'
import { isSupportedSuite } from '../suite.js'

const version = 1
const managedFlag = 1
const maxSuites = 16
/** How far ahead createdAt may be. */
const aheadMs = 300_000

export const deviceRecordMaxBytes = 1733 + 2 * maxSuites

/** A device as it shows itself; `bytes` is the whole record with its signature. */
export interface DeviceRecord {
  readonly bytes: Uint8Array
  readonly suite: number
  readonly user: Uint8Array
  readonly device: number
  readonly managed: boolean
  readonly createdAt: number
  /** 0 never. */
  readonly expiresAt: number
  readonly identityKey: Uint8Array
  readonly suites: readonly number[]
}

/** Makes and signs the record of an own device. */
export const makeDeviceRecord = async (
  algorithms: Algorithms,
  local: LocalDevice,
  times: { readonly createdAt: number; readonly expiresAt: number },
): Promise<DeviceRecord> => {
  const writer = new Writer()
    .u8(version)
    .u16(local.suite)
    .bytes(local.user)
    .u32(local.device)
    .u8(local.managed ? managedFlag : 0)
    .u64(times.createdAt)
    .u64(times.expiresAt)
    .bytes(identityKeyOf(local))
    .u8(local.suites.length)
  for (const suite of local.suites) writer.u16(suite)
  const unsigned = writer.finish()
  const signature = await wrapSign(algorithms, local, 'device', local.suite, unsigned)
  return decodeDeviceRecord(new Writer().bytes(unsigned).bytes(signature).finish())
}

const readSuites = (reader: Reader, suite: number): readonly number[] => {
  const count = reader.u8('the number of suites')
  if (count < 1 || count > maxSuites) throw malformed('a device record lists 1 to 16 suites')
  const suites = Array.from({ length: count }, () => reader.u16('suites'))
  if (suites.some((value, index) => index > 0 && value <= (suites[index - 1] ?? 0))) throw malformed('suites do not ascend')
  if (!suites.includes(suite)) throw malformed('suites do not hold the suite of the record')
  return suites
}

/** Reads a record without judging its signature. Throws `malformed`. */
export const decodeDeviceRecord = (bytes: Uint8Array): DeviceRecord => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== version) throw malformed('unknown version of a device record')
  const suite = reader.u16('suite')
  const user = reader.bytes(16, 'user')
  const device = reader.u32('device')
  if (device === 0) throw malformed('a device id is not 0')
  const flags = reader.u8('flags')
  if ((flags & ~managedFlag) !== 0) throw malformed('unknown flags of a device record')
  const createdAt = reader.u64('createdAt')
  const expiresAt = reader.u64('expiresAt')
  const identityKey = reader.bytes(identityKeyBytes, 'identity key')
  const suites = readSuites(reader, suite)
  reader.bytes(signatureBytes, 'signature')
  reader.end()
  return { bytes: bytes.slice(), suite, user, device, managed: (flags & managedFlag) !== 0, createdAt, expiresAt, identityKey, suites }
}

/** What a record must agree with. */
export interface ExpectedDevice {
  readonly user?: Uint8Array
  readonly device?: number
  /** The identity key that was seen first; another one is refused. */
  readonly pinned?: Uint8Array
}

/**
 * Takes a record or throws `refused`: its signature holds, createdAt is at most 5 minutes ahead, it has not expired, its
 * suite is spoken here, and it agrees with what is around it (docs/protocol.md section 3).
 */
export const acceptDeviceRecord = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical' | 'now'>,
  record: DeviceRecord,
  expected: ExpectedDevice = {},
): Promise<void> => {
  const now = algorithms.now()
  if (!isSupportedSuite(record.suite)) throw refused('the suite of a device record is not spoken here')
  if (record.createdAt > now + aheadMs) throw refused('a device record comes from the future')
  if (record.expiresAt !== 0 && record.expiresAt <= now) throw refused('a device record has expired')
  if (expected.user && !equalBytes(expected.user, record.user)) throw refused('a device record is of another user')
  if (expected.device !== undefined && expected.device !== record.device) throw refused('a device record is of another device')
  if (expected.pinned && !equalBytes(expected.pinned, record.identityKey)) throw refused('the identity key has changed')
  const unsigned = record.bytes.subarray(0, record.bytes.length - signatureBytes)
  const signature = record.bytes.slice(record.bytes.length - signatureBytes)
  if (!(await wrapVerify(algorithms, record.identityKey, 'device', record.suite, unsigned, signature))) {
    throw refused('the signature of a device record does not hold')
  }
}
