import { plainView } from '../codec/bytes.js'
import { Reader } from '../codec/reader.js'
import { malformed } from '../errors.js'
import { checkKemKey, kemCiphertextBytes, kemPublicKeyBytes } from '../kem-key.js'
import { checkP256Point, pointBytes } from '../p256.js'
import { type DeviceRecord, decodeDeviceRecord, deviceRecordMaxBytes } from '../records/device-record.js'
import { type PrekeyKind, prekeyKinds } from '../records/prekey.js'
import { signatureBytes } from '../signature.js'
import { isSupportedSuite } from '../suite.js'
import {
  type EnvelopeHeader,
  envelopeTypes,
  envelopeVersion,
  flags,
  headerBytes,
  knownFlags,
  maxEnvelopeBytes,
  paddingBlockBytes,
  tagBytes,
} from './header.js'

/** The prekey block of a first envelope. EK_F stands in `dh` of the header. */
export interface PrekeyBlock {
  readonly prekeyId: number
  readonly kind: PrekeyKind
  readonly ciphertext: Uint8Array
  readonly kem: Uint8Array
  readonly record: DeviceRecord
}

/** The public KEM key that an envelope offers for the ratchet. */
export interface EkBlock {
  readonly id: number
  readonly publicKey: Uint8Array
}

/** The KEM ciphertext of a chain, and to which key it was made. */
export interface CtBlock {
  readonly ekId: number
  readonly ciphertext: Uint8Array
}

/** An envelope as it was read. All byte fields are views on `bytes`, which must not change as long as it is used. */
export interface Envelope {
  readonly bytes: Uint8Array
  readonly header: EnvelopeHeader
  /** All blocks as they stand, for the AAD. */
  readonly blocks: Uint8Array
  readonly prekey: PrekeyBlock | null
  readonly ek: EkBlock | null
  readonly ct: CtBlock | null
  /** Ciphertext ‖ tag. */
  readonly sealed: Uint8Array
  readonly signature: Uint8Array
}

/** The shortest: no block, one block of padded plaintext. */
const minEnvelopeBytes = headerBytes + paddingBlockBytes + tagBytes + signatureBytes
const suiteTypeAndFlagsBytes = 2 + 1 + 1

const readHeader = (reader: Reader): EnvelopeHeader => {
  if (reader.u8('version') !== envelopeVersion) throw malformed('unknown version of an envelope')
  const suite = reader.u16('suite')
  const type = reader.u8('type')
  if (type !== envelopeTypes.message && type !== envelopeTypes.control) throw malformed('unknown type of envelope')
  const flagBits = reader.u8('flags')
  if ((flagBits & ~knownFlags) !== 0) throw malformed('unknown flags of an envelope')
  return {
    suite,
    type,
    flags: flagBits,
    sid: reader.view(16, 'sid'),
    msgId: reader.view(16, 'msgId'),
    senderUser: reader.view(16, 'sender'),
    senderDevice: reader.u32('sender device'),
    recipientUser: reader.view(16, 'recipient'),
    recipientDevice: reader.u32('recipient device'),
    sentAt: reader.u64('sentAt'),
    seq: reader.u64('seq'),
    epoch: reader.u32('epoch'),
    pn: reader.u32('pn'),
    n: reader.u32('n'),
    ekAck: reader.u32('ekAck'),
    dh: reader.view(pointBytes, 'dh'),
    salt: reader.view(16, 'salt'),
    commitment: reader.view(32, 'commitment'),
    ctLen: reader.u32('ctLen'),
  }
}

const checkHeader = (header: EnvelopeHeader): void => {
  if (!isSupportedSuite(header.suite)) throw malformed('the suite is not spoken here')
  if (header.senderDevice === 0 || header.recipientDevice === 0) throw malformed('a device id is not 0')
  if (header.seq === 0) throw malformed('seq counts from 1')
  const padded = header.ctLen - tagBytes
  if (padded < paddingBlockBytes || padded % paddingBlockBytes !== 0)
    throw malformed('ctLen is no multiple of 256 and the tag')
  if ((header.flags & flags.hasCt) !== 0 && header.epoch === 0) throw malformed('the first chain has no ct')
  if ((header.flags & flags.prekey) === 0) return
  if ((header.flags & (flags.hasEk | flags.hasCt)) !== 0) throw malformed('a first envelope has no ek and no ct')
  if (header.epoch !== 0 || header.pn !== 0 || header.ekAck !== 0)
    throw malformed('a first envelope has epoch, pn and ekAck 0')
}

const readPrekeyBlock = (reader: Reader): PrekeyBlock => {
  const prekeyId = reader.u32('prekey id')
  if (prekeyId === 0) throw malformed('a prekey id is not 0')
  const kind = reader.u8('prekey kind')
  if (kind !== prekeyKinds.oneTime && kind !== prekeyKinds.lastResort) throw malformed('unknown kind of prekey')
  const ciphertext = reader.view(kemCiphertextBytes, 'kem ct')
  if (reader.u32('ekId') !== 1) throw malformed('the first ekId is 1')
  const kem = reader.view(kemPublicKeyBytes, 'ek_F')
  const record = decodeDeviceRecord(reader.lp(deviceRecordMaxBytes, 'device record'))
  return { prekeyId, kind, ciphertext, kem, record }
}

const readKemId = (reader: Reader): number => {
  const id = reader.u32('ekId')
  if (id === 0) throw malformed('an ekId is not 0')
  return id
}

/** Who sends what to whom, as a header says it. */
export type EnvelopeAddress = Pick<
  EnvelopeHeader,
  'sid' | 'msgId' | 'senderUser' | 'senderDevice' | 'recipientUser' | 'recipientDevice' | 'sentAt' | 'seq'
>

/**
 * The addresses of what may be an envelope: of its form only size and version are judged, so that a server can ask who may
 * send to whom before it reads on (docs/protocol.md section 7). Throws `malformed`.
 */
export const readEnvelopeAddress = (bytes: Uint8Array): EnvelopeAddress => {
  const reader = new Reader(bytes)
  if (bytes.length < minEnvelopeBytes || bytes.length > maxEnvelopeBytes)
    throw malformed(`an envelope has ${minEnvelopeBytes} to ${maxEnvelopeBytes} bytes`)
  if (reader.u8('version') !== envelopeVersion) throw malformed('unknown version of an envelope')
  reader.view(suiteTypeAndFlagsBytes, 'suite, type and flags')
  return {
    sid: reader.view(16, 'sid'),
    msgId: reader.view(16, 'msgId'),
    senderUser: reader.view(16, 'sender'),
    senderDevice: reader.u32('sender device'),
    recipientUser: reader.view(16, 'recipient'),
    recipientDevice: reader.u32('recipient device'),
    sentAt: reader.u64('sentAt'),
    seq: reader.u64('seq'),
  }
}

/**
 * Reads an envelope (at most 98 304 bytes) without judging its keys or signature and without opening it: at once, nearly
 * without copying. Throws `malformed` for any other size, version, type, suite, flag, length, or byte behind the end.
 */
export const parseEnvelope = (bytes: Uint8Array): Envelope => {
  const reader = new Reader(bytes)
  const plain = plainView(bytes)
  if (plain.length > maxEnvelopeBytes) throw malformed(`an envelope has at most ${maxEnvelopeBytes} bytes`)
  const header = readHeader(reader)
  checkHeader(header)
  const has = (flag: number) => (header.flags & flag) !== 0
  const prekey = has(flags.prekey) ? readPrekeyBlock(reader) : null
  const ek = has(flags.hasEk) ? { id: readKemId(reader), publicKey: reader.view(kemPublicKeyBytes, 'ek') } : null
  const ct = has(flags.hasCt) ? { ekId: readKemId(reader), ciphertext: reader.view(kemCiphertextBytes, 'ct') } : null
  const blocks = plain.subarray(headerBytes, reader.offset)
  const sealed = reader.view(header.ctLen, 'ciphertext')
  const signature = reader.view(signatureBytes, 'signature')
  reader.end()
  return { bytes: plain, header, blocks, prekey, ek, ct, sealed, signature }
}

/** Refuses points and KEM keys that nobody may use (section 1); the costlier part of the form. Throws `refused`. */
export const checkEnvelopeKeys = (envelope: Envelope): void => {
  checkP256Point(envelope.header.dh)
  if (envelope.ek) checkKemKey(envelope.ek.publicKey)
  if (envelope.prekey) checkKemKey(envelope.prekey.kem)
}
