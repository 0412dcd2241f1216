import { concat } from '../codec/bytes.js'
import { withScratch } from '../codec/scratch.js'
import { Writer } from '../codec/writer.js'
import { type Content, isKnownContent, kinds, maxContentBytes, padContent } from '../envelope/content.js'
import { type EnvelopeHeader, type EnvelopeType, envelopeTypes, flags, tagBytes } from '../envelope/header.js'
import { encodeHeader, envelopeAad } from '../envelope/seal.js'
import { usage } from '../errors.js'
import { fingerprint, identityKeyOf, type LocalDevice } from '../identity.js'
import { stepChain } from '../kdf.js'
import type { Algorithms } from '../ports.js'
import type { DeviceRecord } from '../records/device-record.js'
import { wrapSign } from '../signature.js'
import { messageSealKey } from './message-key.js'
import { defaultPolicy, type RatchetPolicy } from './policy.js'
import { type Session, secretsOf } from './session.js'
import { takeTurn, turnIsDue } from './turn.js'

/** What is to be sealed. */
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

const checkOutgoing = ({ type, content, msgId }: Outgoing): void => {
  if (msgId.length !== 16) throw usage('msgId must be 16 bytes')
  if (content.content.length > maxContentBytes) {
    throw usage(`a content has at most ${maxContentBytes} bytes; seal a longer one apart`)
  }
  if (!isKnownContent(type, content)) throw usage('this kind of content does not go into this type of envelope')
}

/** A sealed envelope, and the session to be stored before it leaves. */
export interface Sealed {
  readonly session: Session
  readonly envelope: Uint8Array
}

/**
 * Seals and signs one envelope. The returned session must be stored before the envelope leaves; `wipeReplaced(old, new)` then
 * erases what it no longer holds. Throws only `usage`.
 */
export const encrypt = (
  algorithms: Algorithms,
  local: LocalDevice,
  peer: Pick<DeviceRecord, 'user' | 'device' | 'identityKey'>,
  session: Session,
  outgoing: Outgoing,
  policy: RatchetPolicy = defaultPolicy,
): Promise<Sealed> =>
  withScratch(
    async scratch => {
      checkOutgoing(outgoing)
      const { classical } = algorithms
      const turned = turnIsDue(session) ? await takeTurn(algorithms, scratch, session, policy) : session
      const { sending, own } = turned
      if (!sending || !own) throw usage('this session cannot send')
      const salt = algorithms.randomBytes(16)
      const { messageKey, next } = await stepChain(classical, sending.chainKey)
      const chainKey = scratch.hold(next)
      const sealKey = await messageSealKey(classical, scratch.hold(messageKey), salt, turned.sid)
      scratch.hold(sealKey.key)
      scratch.hold(sealKey.nonce)
      const plaintext = scratch.hold(padContent(outgoing.content))
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
        ekAck: turned.peerKemId,
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
      return {
        envelope: concat(unsigned, signature),
        session: {
          ...turned,
          sending: { ...sending, chainKey, n: sending.n + 1 },
          seq: turned.seq + 1,
          sinceKem: turned.sinceKem + 1,
          unanswered: 0,
          firstUnansweredAt: 0,
        },
      }
    },
    sealed => secretsOf(sealed.session),
  )

/** The empty control envelope by which a silent side turns the ratchet (see `isControlDue`). */
export const emptyControl = (msgId: Uint8Array): Outgoing => ({
  type: envelopeTypes.control,
  content: { kind: kinds.empty, content: new Uint8Array(0) },
  msgId,
})
