import { ascii, concat } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import { aadHeaderBytes, type EnvelopeHeader } from './header.js'

/** The 226 bytes of a header. */
export const encodeHeader = (header: EnvelopeHeader): Uint8Array =>
  new Writer()
    .u8(1)
    .u16(header.suite)
    .u8(header.type)
    .u8(header.flags)
    .bytes(header.sid)
    .bytes(header.msgId)
    .bytes(header.senderUser)
    .u32(header.senderDevice)
    .bytes(header.recipientUser)
    .u32(header.recipientDevice)
    .u64(header.sentAt)
    .u64(header.seq)
    .u32(header.epoch)
    .u32(header.pn)
    .u32(header.n)
    .u32(header.ekAck)
    .bytes(header.dh)
    .bytes(header.salt)
    .bytes(header.commitment)
    .u32(header.ctLen)
    .finish()

/** `AAD = "QSM/1 aad" ‖ fp(sender) ‖ fp(recipient device) ‖ bytes 0–189 ‖ blocks`. */
export const envelopeAad = (
  senderFingerprint: Uint8Array,
  recipientFingerprint: Uint8Array,
  header: Uint8Array,
  blocks: Uint8Array,
): Uint8Array =>
  concat(ascii('QSM/1 aad'), senderFingerprint, recipientFingerprint, header.subarray(0, aadHeaderBytes), blocks)
