import { ascii, concat } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import { pointBytes } from '../p256.js'
import { aadHeaderBytes, type EnvelopeHeader, envelopeVersion } from './header.js'

const aadLabel = ascii('QSM/1 aad')

/** The 226 bytes of a header. Throws `usage` where a field has another length. */
export const encodeHeader = (header: EnvelopeHeader): Uint8Array =>
  new Writer()
    .u8(envelopeVersion)
    .u16(header.suite)
    .u8(header.type)
    .u8(header.flags)
    .fixed(16, header.sid, 'sid')
    .fixed(16, header.msgId, 'msgId')
    .fixed(16, header.senderUser, 'senderUser')
    .u32(header.senderDevice)
    .fixed(16, header.recipientUser, 'recipientUser')
    .u32(header.recipientDevice)
    .u64(header.sentAt)
    .u64(header.seq)
    .u32(header.epoch)
    .u32(header.pn)
    .u32(header.n)
    .u32(header.ekAck)
    .fixed(pointBytes, header.dh, 'dh')
    .fixed(16, header.salt, 'salt')
    .fixed(32, header.commitment, 'commitment')
    .u32(header.ctLen)
    .finish()

/** `AAD = "QSM/1 aad" ‖ fp(sender) ‖ fp(recipient device) ‖ bytes 0–189 ‖ blocks`. */
export const envelopeAad = (
  senderFingerprint: Uint8Array,
  recipientFingerprint: Uint8Array,
  header: Uint8Array,
  blocks: Uint8Array,
): Uint8Array => concat(aadLabel, senderFingerprint, recipientFingerprint, header.subarray(0, aadHeaderBytes), blocks)
