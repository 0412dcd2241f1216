import { copyBytes, equalBytes } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed, refused, usage } from '../errors.js'
import { identityKeyBytes, identityKeyOf, type LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import { signatureBytes, wrapSign } from '../signature.js'
import { isLowerSuite, isSupportedSuite } from '../suite.js'
import { checkSigned } from './signed.js'
import { checkNotAhead } from './times.js'

const version = 1
const managedFlag = 1
const maxSuites = 16

/** Without suites and signature: version, suite, user, device, flags, two times, identity key, count. */
const fixedBytes = 1 + 2 + 16 + 4 + 1 + 8 + 8 + identityKeyBytes + 1

export const deviceRecordMaxBytes = fixedBytes + 2 * maxSuites + signatureBytes

/** A device as it shows itself; `bytes` is the whole record with its signature, 1 735 bytes with one suite. */
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

/** Makes and signs the record of an own device. Throws `usage` for a device whose suites are not ascending and its own. */
export const makeDeviceRecord = async (
  algorithms: Pick<Algorithms, 'signer' | 'classical'>,
  local: LocalDevice,
  times: { readonly createdAt: number; readonly expiresAt: number },
): Promise<DeviceRecord> => {
  if (local.device === 0) throw usage('a device id is not 0')
  checkSuites(local.suites, local.suite, usage)
  const writer = new Writer()
    .u8(version)
    .u16(local.suite)
    .fixed(16, local.user, 'user')
    .u32(local.device)
    .u8(local.managed ? managedFlag : 0)
    .u64(times.createdAt)
    .u64(times.expiresAt)
    .fixed(identityKeyBytes, identityKeyOf(local), 'the identity key')
    .u8(local.suites.length)
  for (const suite of local.suites) writer.u16(suite)
  const unsigned = writer.finish()
  const signature = await wrapSign(algorithms, local, 'device', local.suite, unsigned)
  return decodeDeviceRecord(new Writer().bytes(unsigned).bytes(signature).finish())
}

const checkSuites = (suites: readonly number[], suite: number, fault: typeof malformed): void => {
  if (suites.length < 1 || suites.length > maxSuites) throw fault('a device record lists 1 to 16 suites')
  const ascends = suites.every((value, index) => index === 0 || value > (suites[index - 1] as number))
  if (!ascends) throw fault('suites do not ascend')
  if (!suites.includes(suite)) throw fault('suites do not hold the suite of the record')
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
  const suites = Array.from({ length: reader.u8('the number of suites') }, () => reader.u16('suites'))
  checkSuites(suites, suite, malformed)
  reader.view(signatureBytes, 'signature')
  reader.end()
  const managed = (flags & managedFlag) !== 0
  return { bytes: copyBytes(bytes), suite, user, device, managed, createdAt, expiresAt, identityKey, suites }
}

/** What of a device never changes, as it was seen first. A whole record is one. */
export type PinnedDevice = Pick<DeviceRecord, 'identityKey' | 'suite' | 'suites' | 'managed'>

/** What a record must agree with. */
export interface ExpectedDevice {
  readonly user?: Uint8Array
  readonly device?: number
  /** What was seen first, or its identity key alone. Another one is refused with the reason `identity`. */
  readonly pinned?: PinnedDevice | Uint8Array
  /** The best suite that was seen of any device of this user. */
  readonly seenSuite?: number
}

const agreesWithPinned = (record: DeviceRecord, pinned: PinnedDevice | Uint8Array): boolean =>
  pinned instanceof Uint8Array
    ? equalBytes(pinned, record.identityKey)
    : equalBytes(pinned.identityKey, record.identityKey) &&
      pinned.managed === record.managed &&
      pinned.suite === record.suite &&
      pinned.suites.join() === record.suites.join()

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
  if (!isSupportedSuite(record.suite)) throw refused('suite', 'the suite of a device record is not spoken here')
  if (expected.seenSuite !== undefined && isLowerSuite(record.suite, expected.seenSuite)) {
    throw refused('suite', 'a device record falls behind the suite that its user has spoken')
  }
  checkNotAhead(record.createdAt, now, 'a device record')
  if (record.expiresAt !== 0 && record.expiresAt <= now) throw refused('time', 'a device record has expired')
  if (expected.user && !equalBytes(expected.user, record.user)) {
    throw refused('address', 'a device record is of another user')
  }
  if (expected.device !== undefined && expected.device !== record.device) {
    throw refused('address', 'a device record is of another device')
  }
  if (expected.pinned && !agreesWithPinned(record, expected.pinned)) {
    throw refused('identity', 'the identity key, suites or flags of a device have changed')
  }
  await checkSigned(algorithms, record, 'device', record.bytes, 'a device record')
}
