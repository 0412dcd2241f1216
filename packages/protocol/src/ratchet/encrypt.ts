import { concat, wipe } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import { type Content, padContent } from '../envelope/content.js'
import { type EnvelopeHeader, type EnvelopeType, envelopeTypes, flags, tagBytes } from '../envelope/header.js'
import { encodeHeader, envelopeAad } from '../envelope/seal.js'
import { ProtocolError } from '../errors.js'
import { stepChain } from '../kdf.js'
import { fingerprint, identityKeyOf, type LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import type { DeviceRecord } from '../records/device-record.js'
import { wrapSign } from '../signature.js'
import { messageSealKey } from './message-key.js'
import { defaultPolicy, type RatchetPolicy } from './policy.js'
import type { Session } from './session.js'
import { takeTurn, turnIsDue } from './turn.js'

export interface Outgoing {
  readonly type: EnvelopeType
  readonly content: Content
  /** 16 bytes, one for all envelopes of a send. */
  readonly msgId: Uint8Array
}

const blocksOf = (session: Session): { bits: number; blocks: Uint8Array } => {
  if (session.prekeyBlock) return { bits: flags.prekey, blocks: session.prekeyBlock }
  const writer = new Writer()
  let bits = 0
  if (session.ownKem?.attach) {
    bits |= flags.hasEk
    writer.u32(session.ownKem.id).bytes(session.ownKem.keyPair.publicKey)
  }
  if (session.sending?.ct) {
    bits |= flags.hasCt
    writer.u32(session.sending.ct.ekId).bytes(session.sending.ct.ciphertext)
  }
  return { bits, blocks: writer.finish() }
}

/**
 * Seals and signs one envelope. The returned session must be stored before the envelope leaves; wipe what it replaces with
 * `wipeReplaced` after that. Throws only for usage.
 */
export const encrypt = async (
  algorithms: Algorithms,
  local: LocalDevice,
  peer: Pick<DeviceRecord, 'user' | 'device' | 'identityKey'>,
  session: Session,
  outgoing: Outgoing,
  policy: RatchetPolicy = defaultPolicy,
): Promise<{ readonly session: Session; readonly envelope: Uint8Array }> => {
  const { classical } = algorithms
  const turned = turnIsDue(session) ? await takeTurn(algorithms, session, policy) : session
  const { sending, own } = turned
  if (!sending || !own) throw new ProtocolError('usage', 'this session cannot send')
  const salt = algorithms.randomBytes(16)
  const { messageKey, next } = await stepChain(classical, sending.chainKey)
  const sealKey = await messageSealKey(classical, messageKey, salt, turned.sid)
  const plaintext = padContent(outgoing.content)
  const { bits, blocks } = blocksOf(turned)
  const header: EnvelopeHeader = {
    suite: turned.suite,
    type: outgoing.type,
    flags: bits | (local.managed ? flags.managed : 0),
    sid: turned.sid,
    msgId: outgoing.msgId,
    senderUser: local.user,
    senderDevice: local.device,
    recipientUser: peer.user,
    recipientDevice: peer.device,
    sentAt: algorithms.now(),
    seq: turned.seq,
    epoch: sending.epoch,
    pn: turned.pn,
    n: sending.n,
    ekAck: bits & flags.prekey ? 0 : turned.peerKemId,
    dh: own.publicKey,
    salt,
    commitment: sealKey.commitment,
    ctLen: plaintext.length + tagBytes,
  }
  const head = encodeHeader(header)
  const ownFingerprint = await fingerprint(classical, identityKeyOf(local))
  const aad = envelopeAad(ownFingerprint, await fingerprint(classical, peer.identityKey), head, blocks)
  const sealed = await classical.aesGcmSeal(sealKey.key, sealKey.nonce, aad, plaintext)
  const unsigned = concat(head, blocks, sealed)
  const signature = await wrapSign(algorithms, local, 'env', turned.suite, unsigned)
  wipe(plaintext, messageKey, sealKey.key, sealKey.nonce)
  return {
    envelope: concat(unsigned, signature),
    session: {
      ...turned,
      sending: { ...sending, chainKey: next, n: sending.n + 1 },
      seq: turned.seq + 1,
      sinceKem: turned.sinceKem + 1,
      unanswered: 0,
      firstUnansweredAt: 0,
    },
  }
}

/** The empty control envelope by which a silent side turns the ratchet. */
export const emptyControl = (msgId: Uint8Array): Outgoing => ({
  type: envelopeTypes.control,
  content: { kind: 0, content: new Uint8Array(0) },
  msgId,
})
