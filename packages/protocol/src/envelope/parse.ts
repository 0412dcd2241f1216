import { Reader } from '../codec/reader.js'
import { malformed } from '../errors.js'
import { checkKemKey, checkP256Point } from '../key-checks.js'
import { type DeviceRecord, decodeDeviceRecord, deviceRecordMaxBytes } from '../records/device-record.js'
import type { PrekeyKind } from '../records/prekey.js'
import { signatureBytes } from '../signature.js'
import { isSupportedSuite } from '../suite.js'
import { type EnvelopeHeader, type EnvelopeType, flags, headerBytes, knownFlags, maxEnvelopeBytes, paddingBlockBytes, tagBytes } from './header.js'

/** The prekey block of a first envelope. EK_F stands in `dh` of the header. */
export interface PrekeyBlock {
  readonly prekeyId: number
  readonly kind: PrekeyKind
  readonly ciphertext: Uint8Array
  readonly kem: Uint8Array
  readonly record: DeviceRecord
}

export interface Envelope {
  readonly bytes: Uint8Array
  readonly header: EnvelopeHeader
  /** All blocks as they stand, for the AAD. */
  readonly blocks: Uint8Array
  readonly prekey: PrekeyBlock | null
  readonly ek: { readonly id: number; readonly publicKey: Uint8Array } | null
  readonly ct: { readonly ekId: number; readonly ciphertext: Uint8Array } | null
  /** Ciphertext ‖ tag. */
  readonly sealed: Uint8Array
  readonly signature: Uint8Array
}

const readHeader = (reader: Reader): EnvelopeHeader => {
  if (reader.u8('version') !== 1) throw malformed('unknown version of an envelope')
  const suite = reader.u16('suite')
  const type = reader.u8('type')
  if (type !== 1 && type !== 2) throw malformed('unknown type of envelope')
  const flagBits = reader.u8('flags')
  if ((flagBits & ~knownFlags) !== 0) throw malformed('unknown flags of an envelope')
  return {
    suite,
    type: type as EnvelopeType,
    flags: flagBits,
    sid: reader.bytes(16, 'sid'),
    msgId: reader.bytes(16, 'msgId'),
    senderUser: reader.bytes(16, 'sender'),
    senderDevice: reader.u32('sender device'),
    recipientUser: reader.bytes(16, 'recipient'),
    recipientDevice: reader.u32('recipient device'),
    sentAt: reader.u64('sentAt'),
    seq: reader.u64('seq'),
    epoch: reader.u32('epoch'),
    pn: reader.u32('pn'),
    n: reader.u32('n'),
    ekAck: reader.u32('ekAck'),
    dh: reader.bytes(65, 'dh'),
    salt: reader.bytes(16, 'salt'),
    commitment: reader.bytes(32, 'commitment'),
    ctLen: reader.u32('ctLen'),
  }
}

const checkHeader = (header: EnvelopeHeader): void => {
  if (!isSupportedSuite(header.suite)) throw malformed('the suite is not spoken here')
  if (header.senderDevice === 0 || header.recipientDevice === 0) throw malformed('a device id is not 0')
  if (header.seq === 0) throw malformed('seq counts from 1')
  const padded = header.ctLen - tagBytes
  if (padded < paddingBlockBytes || padded % paddingBlockBytes !== 0) throw malformed('ctLen is no multiple of 256 and the tag')
  if ((header.flags & flags.hasCt) !== 0 && header.epoch === 0) throw malformed('the first chain has no ct')
  if ((header.flags & flags.prekey) === 0) return
  if ((header.flags & (flags.hasEk | flags.hasCt)) !== 0) throw malformed('a first envelope has no ek and no ct')
  if (header.epoch !== 0 || header.pn !== 0 || header.ekAck !== 0) throw malformed('a first envelope has epoch, pn and ekAck 0')
}

const readPrekeyBlock = (reader: Reader): PrekeyBlock => {
  const prekeyId = reader.u32('prekey id')
  const kind = reader.u8('prekey kind')
  if (kind !== 1 && kind !== 2) throw malformed('unknown kind of prekey')
  const ciphertext = reader.bytes(1088, 'kem ct')
  if (reader.u32('ekId') !== 1) throw malformed('the first ekId is 1')
  const kem = reader.bytes(1184, 'ek_F')
  const record = decodeDeviceRecord(reader.lp(deviceRecordMaxBytes, 'device record'))
  return { prekeyId, kind, ciphertext, kem, record }
}

const readKemId = (reader: Reader): number => {
  const id = reader.u32('ekId')
  if (id === 0) throw malformed('an ekId is not 0')
  return id
}

/** Reads an envelope without judging its signature or opening it. Throws `malformed`, or `refused` for keys nobody may use. */
export const parseEnvelope = (bytes: Uint8Array): Envelope => {
  if (bytes.length > maxEnvelopeBytes) throw malformed(`an envelope has at most ${maxEnvelopeBytes} bytes`)
  const reader = new Reader(bytes)
  const header = readHeader(reader)
  checkHeader(header)
  const prekey = (header.flags & flags.prekey) !== 0 ? readPrekeyBlock(reader) : null
  const ek = (header.flags & flags.hasEk) !== 0 ? { id: readKemId(reader), publicKey: reader.bytes(1184, 'ek') } : null
  const ct = (header.flags & flags.hasCt) !== 0 ? { ekId: readKemId(reader), ciphertext: reader.bytes(1088, 'ct') } : null
  const blocks = bytes.subarray(headerBytes, reader.offset)
  const sealed = reader.bytes(header.ctLen, 'ciphertext')
  const signature = reader.bytes(signatureBytes, 'signature')
  reader.end()
  return { bytes, header, blocks, prekey, ek, ct, sealed, signature }
}

/** Refuses points and KEM keys that nobody may use; the costlier part of the form. */
export const checkEnvelopeKeys = (envelope: Envelope): void => {
  checkP256Point(envelope.header.dh)
  if (envelope.ek) checkKemKey(envelope.ek.publicKey)
  if (envelope.prekey) checkKemKey(envelope.prekey.kem)
}
