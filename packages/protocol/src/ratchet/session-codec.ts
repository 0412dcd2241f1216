import { Reader } from '../codec/reader.js'
import { readStoredVersion } from '../codec/stored-version.js'
import { Writer } from '../codec/writer.js'
import type { CtBlock } from '../envelope/parse.js'
import { malformed } from '../errors.js'
import { type Mode, modeA, modeB } from '../handshake/key-schedule.js'
import { kemCiphertextBytes, kemPublicKeyBytes } from '../kem-key.js'
import { pointBytes } from '../p256.js'
import { readKeyPair, writeKeyPair } from '../records/stored-keys.js'
import { bounds, type ReceivingChain, type SendingChain, type Session, type SkippedKey } from './session.js'

/** Of the stored form. A later version reads all earlier ones. */
const version = 1
const keyBytes = 32
const maxPrekeyBlockBytes = 8_192

const writeCt = (writer: Writer, ct: CtBlock | null): Writer =>
  writer.optional(ct, ({ ekId, ciphertext }) => writer.u32(ekId).fixed(kemCiphertextBytes, ciphertext, 'ct'))
const readCt = (reader: Reader): CtBlock | null =>
  reader.optional('ct', () => ({ ekId: reader.u32('ekId'), ciphertext: reader.bytes(kemCiphertextBytes, 'ct') }))

const writeReceiving = (writer: Writer, chain: ReceivingChain): Writer => {
  writer.fixed(pointBytes, chain.dh, 'dh').u32(chain.epoch).u32(chain.n)
  writer.optional(chain.chainKey, key => writer.fixed(keyBytes, key, 'a chain key'))
  return writeCt(writer, chain.ct)
}

/** A session as bytes, to be stored. They hold private keys. */
export const encodeSession = (session: Session): Uint8Array => {
  const writer = new Writer()
  writer
    .u8(version)
    .fixed(16, session.sid, 'sid')
    .fixed(32, session.transcriptHash, 'TH')
    .u16(session.suite)
    .u8(session.mode)
    .flag(session.isF)
    .fixed(keyBytes, session.rootKey, 'a root key')
    .u32(session.rootSteps)
    .u32(session.pn)
    .optional(session.own, own => writeKeyPair(writer, own))
    .optional(session.peerDh, dh => writer.fixed(pointBytes, dh, 'dh'))
    .optional(session.sending, chain => {
      writer.fixed(keyBytes, chain.chainKey, 'a chain key').u32(chain.n).u32(chain.epoch)
      writeCt(writer, chain.ct)
    })
    .u8(session.receiving.length)
  for (const chain of session.receiving) writeReceiving(writer, chain)
  writer.u32(session.skipped.length)
  for (const key of session.skipped) {
    writer.u32(key.epoch).u32(key.n).u64(key.storedAt).fixed(keyBytes, key.messageKey, 'a message key')
  }
  return writer
    .optional(session.ownKem, kem => writeKeyPair(writer.u32(kem.id).flag(kem.attach), kem.keyPair))
    .u32(session.ownKemId)
    .u32(session.peerKemId)
    .optional(session.peerKem, kem => writer.u32(kem.id).fixed(kemPublicKeyBytes, kem.publicKey, 'ek'))
    .u32(session.sinceKem)
    .u64(session.lastKemAt)
    .u64(session.seq)
    .optional(session.prekeyBlock, block => writer.lp(block))
    .u32(session.unanswered)
    .u64(session.firstUnansweredAt)
    .finish()
}

const readMode = (reader: Reader): Mode => {
  const mode = reader.u8('mode')
  if (mode !== modeA && mode !== modeB) throw malformed('a stored session of an unknown mode')
  return mode
}

const readSending = (reader: Reader): SendingChain => {
  const chainKey = reader.bytes(keyBytes, 'chain key')
  return { chainKey, n: reader.u32('n'), epoch: reader.u32('epoch'), ct: readCt(reader) }
}

const readReceiving = (reader: Reader): ReceivingChain => {
  const dh = reader.bytes(pointBytes, 'dh')
  const epoch = reader.u32('epoch')
  const n = reader.u32('n')
  return {
    dh,
    epoch,
    n,
    chainKey: reader.optional('chain', () => reader.bytes(keyBytes, 'chain key')),
    ct: readCt(reader),
  }
}

const readSkipped = (reader: Reader): SkippedKey => {
  const epoch = reader.u32('epoch')
  const n = reader.u32('n')
  const storedAt = reader.u64('storedAt')
  return { epoch, n, storedAt, messageKey: reader.bytes(keyBytes, 'message key') }
}

const readMany = <T>(count: number, max: number, what: string, read: () => T): readonly T[] => {
  if (count > max) throw malformed(`a stored session has over ${max} ${what}`)
  return Array.from({ length: count }, read)
}

/** The session of stored bytes. Throws `malformed` for another version or damaged bytes. */
export const decodeSession = (bytes: Uint8Array): Session => {
  const reader = new Reader(bytes)
  readStoredVersion(reader, version, 'a stored session')
  // The fields of a literal are evaluated in the order in which they stand: that of the layout.
  const session: Session = {
    sid: reader.bytes(16, 'sid'),
    transcriptHash: reader.bytes(32, 'TH'),
    suite: reader.u16('suite'),
    mode: readMode(reader),
    isF: reader.flag('side'),
    rootKey: reader.bytes(keyBytes, 'root key'),
    rootSteps: reader.u32('root steps'),
    pn: reader.u32('pn'),
    own: reader.optional('own P-256', () => readKeyPair(reader)),
    peerDh: reader.optional('dh', () => reader.bytes(pointBytes, 'dh')),
    sending: reader.optional('sending chain', () => readSending(reader)),
    receiving: readMany(reader.u8('chains'), bounds.receivingChains, 'receiving chains', () => readReceiving(reader)),
    skipped: readMany(reader.u32('skipped'), bounds.skippedPerSession, 'skipped keys', () => readSkipped(reader)),
    ownKem: reader.optional('own KEM key', () => ({
      id: reader.u32('ekId'),
      attach: reader.flag('attach'),
      keyPair: readKeyPair(reader),
    })),
    ownKemId: reader.u32('ekId'),
    peerKemId: reader.u32('ekAck'),
    peerKem: reader.optional('ek', () => ({
      id: reader.u32('ekId'),
      publicKey: reader.bytes(kemPublicKeyBytes, 'ek'),
    })),
    sinceKem: reader.u32('since KEM'),
    lastKemAt: reader.u64('last KEM'),
    seq: reader.u64('seq'),
    prekeyBlock: reader.optional('prekey block', () => reader.lp(maxPrekeyBlockBytes, 'prekey block')),
    unanswered: reader.u32('unanswered'),
    firstUnansweredAt: reader.u64('first unanswered'),
  }
  reader.end()
  return session
}
