import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { malformed } from '../errors.js'
import type { Mode } from '../handshake/key-schedule.js'
import type { KeyPair } from '../ports.js'
import type { ReceivingChain, SendingChain, Session, SkippedKey } from './session.js'

/** Of the stored form. A later version reads all earlier ones. */
const version = 1
const maxPartBytes = 16_384

const writeOptional = <T>(writer: Writer, value: T | null, write: (value: T) => void): void => {
  writer.u8(value === null ? 0 : 1)
  if (value !== null) write(value)
}
const readOptional = <T>(reader: Reader, read: () => T): T | null => (reader.u8('a mark') === 1 ? read() : null)

const writePair = (writer: Writer, pair: KeyPair) => writer.lp(pair.publicKey).lp(pair.secretKey)
const readPair = (reader: Reader): KeyPair => ({
  publicKey: reader.lp(maxPartBytes, 'public key'),
  secretKey: reader.lp(maxPartBytes, 'secret key'),
})

type Ct = { readonly ekId: number; readonly ciphertext: Uint8Array }
const writeCt = (writer: Writer, ct: Ct | null) =>
  writeOptional(writer, ct, value => writer.u32(value.ekId).bytes(value.ciphertext))
const readCt = (reader: Reader): Ct | null =>
  readOptional(reader, () => ({ ekId: reader.u32('ekId'), ciphertext: reader.bytes(1088, 'ct') }))

/** A session as bytes, to be stored. They hold private keys. */
export const encodeSession = (session: Session): Uint8Array => {
  const writer = new Writer()
    .u8(version)
    .bytes(session.sid)
    .bytes(session.transcriptHash)
    .u16(session.suite)
    .u8(session.mode)
  writer
    .u8(session.isF ? 1 : 0)
    .bytes(session.rootKey)
    .u32(session.rootSteps)
    .u32(session.pn)
  writeOptional(writer, session.own, own => writePair(writer, own))
  writeOptional(writer, session.peerDh, dh => writer.bytes(dh))
  writeOptional(writer, session.sending, chain => {
    writer.bytes(chain.chainKey).u32(chain.n).u32(chain.epoch)
    writeCt(writer, chain.ct)
  })
  writer.u8(session.receiving.length)
  for (const chain of session.receiving) {
    writer.bytes(chain.dh).u32(chain.epoch).u32(chain.n)
    writeOptional(writer, chain.chainKey, key => writer.bytes(key))
    writeCt(writer, chain.ct)
  }
  writer.u32(session.skipped.length)
  for (const key of session.skipped) writer.u32(key.epoch).u32(key.n).u64(key.storedAt).bytes(key.messageKey)
  writeOptional(writer, session.ownKem, kem => {
    writer.u32(kem.id).u8(kem.attach ? 1 : 0)
    writePair(writer, kem.keyPair)
  })
  writer.u32(session.ownKemId).u32(session.peerKemId)
  writeOptional(writer, session.peerKem, kem => writer.u32(kem.id).bytes(kem.publicKey))
  writer.u32(session.sinceKem).u64(session.lastKemAt).u64(session.seq)
  writeOptional(writer, session.prekeyBlock, block => writer.lp(block))
  return writer.u32(session.unanswered).u64(session.firstUnansweredAt).finish()
}

const readSending = (reader: Reader): SendingChain => {
  const chainKey = reader.bytes(32, 'chain key')
  return { chainKey, n: reader.u32('n'), epoch: reader.u32('epoch'), ct: readCt(reader) }
}

const readReceiving = (reader: Reader): ReceivingChain => {
  const dh = reader.bytes(65, 'dh')
  const epoch = reader.u32('epoch')
  const n = reader.u32('n')
  return { dh, epoch, n, chainKey: readOptional(reader, () => reader.bytes(32, 'chain key')), ct: readCt(reader) }
}

const readSkipped = (reader: Reader): SkippedKey => {
  const epoch = reader.u32('epoch')
  const n = reader.u32('n')
  const storedAt = reader.u64('storedAt')
  return { epoch, n, storedAt, messageKey: reader.bytes(32, 'message key') }
}

/** The session of stored bytes. Throws `malformed` for another version or damaged bytes. */
export const decodeSession = (bytes: Uint8Array): Session => {
  const reader = new Reader(bytes)
  if (reader.u8('version') !== version) throw malformed('a stored session of an unknown version')
  const head = {
    sid: reader.bytes(16, 'sid'),
    transcriptHash: reader.bytes(32, 'TH'),
    suite: reader.u16('suite'),
    mode: reader.u8('mode') as Mode,
    isF: reader.u8('side') === 1,
    rootKey: reader.bytes(32, 'root key'),
    rootSteps: reader.u32('root steps'),
    pn: reader.u32('pn'),
  }
  const own = readOptional(reader, () => readPair(reader))
  const peerDh = readOptional(reader, () => reader.bytes(65, 'dh'))
  const sending = readOptional(reader, () => readSending(reader))
  const receiving = Array.from({ length: reader.u8('chains') }, () => readReceiving(reader))
  const skipped = Array.from({ length: reader.u32('skipped') }, () => readSkipped(reader))
  const ownKem = readOptional(reader, () => {
    const id = reader.u32('ekId')
    const attach = reader.u8('attach') === 1
    return { id, attach, keyPair: readPair(reader) }
  })
  const ownKemId = reader.u32('ekId')
  const peerKemId = reader.u32('ekAck')
  const peerKem = readOptional(reader, () => ({ id: reader.u32('ekId'), publicKey: reader.bytes(1184, 'ek') }))
  const sinceKem = reader.u32('since KEM')
  const lastKemAt = reader.u64('last KEM')
  const seq = reader.u64('seq')
  const prekeyBlock = readOptional(reader, () => reader.lp(maxPartBytes, 'prekey block'))
  const unanswered = reader.u32('unanswered')
  const firstUnansweredAt = reader.u64('first unanswered')
  reader.end()
  return {
    ...head,
    own,
    peerDh,
    sending,
    receiving,
    skipped,
    ownKem,
    ownKemId,
    peerKemId,
    peerKem,
    sinceKem,
    lastKemAt,
    seq,
    prekeyBlock,
    unanswered,
    firstUnansweredAt,
  }
}
